// Serves pprof pages as programs do that are well, leak, ask for credentials or hang, and logs in between.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime/metrics"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"time"
)

func leak(n int) {
	for i := 0; i < n; i++ {
		ch := make(chan int)
		go func() { ch <- 1 }()
	}
}

// pauses tells how often all goroutines were stopped, by the length in microseconds from which on.
func pauses() map[int]uint64 {
	found := map[int]uint64{}
	for _, kind := range []string{"gc", "other"} {
		sample := []metrics.Sample{{Name: "/sched/pauses/total/" + kind + ":seconds"}}
		metrics.Read(sample)
		histogram := sample[0].Value.Float64Histogram()
		for i, count := range histogram.Counts {
			if count > 0 {
				found[int(1e6*max(histogram.Buckets[i], 0))] += count
			}
		}
	}
	return found
}

var profiles atomic.Int64

// counted serves all pages, and counts how often goroutines are asked for.
func counted(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/debug/pprof/goroutine" {
		profiles.Add(1)
	}
	http.DefaultServeMux.ServeHTTP(w, r)
}

var longest atomic.Int64

// tick notes by how much a sleep of a millisecond came too late, at worst.
func tick() {
	for {
		began := time.Now()
		time.Sleep(time.Millisecond)
		late := int64(time.Since(began) - time.Millisecond)
		if late > longest.Load() {
			longest.Store(late)
		}
	}
}

// half serves half of a dump, and then does what it is told.
func half(prefix string, then func(*http.Request)) {
	pages := http.StripPrefix(prefix, http.DefaultServeMux)
	http.HandleFunc(prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("debug") != "2" {
			pages.ServeHTTP(w, r)
			return
		}
		var dump bytes.Buffer
		pprof.Lookup("goroutine").WriteTo(&dump, 2)
		text, cut := dump.Bytes(), dump.Len()/2
		for text[cut-1] == '\n' || text[cut] == '\n' { // within a line
			cut++
		}
		w.Write(text[:cut])
		w.(http.Flusher).Flush()
		then(r)
	})
}

type packing struct {
	http.ResponseWriter
	io.Writer
}

func (p packing) Write(b []byte) (int, error) { return p.Writer.Write(b) }

func handlers() {
	http.HandleFunc("/pauses", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(pauses())
	})
	http.HandleFunc("/profiles", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, profiles.Load())
	})
	http.HandleFunc("/longest", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, time.Duration(longest.Swap(0)).Microseconds())
	})
	http.Handle("/a/path/", http.StripPrefix("/a/path", http.DefaultServeMux))
	http.HandleFunc("/auth/", func(w http.ResponseWriter, r *http.Request) {
		user, word, _ := r.BasicAuth()
		if (user != "a" || word != "s3cret") && r.Header.Get("X-Token") != "s3cret" {
			w.WriteHeader(401)
			return
		}
		http.StripPrefix("/auth", http.DefaultServeMux).ServeHTTP(w, r)
	})
	http.HandleFunc("/packed/", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			w.Header().Set("Content-Encoding", "gzip")
			packer := gzip.NewWriter(w)
			defer packer.Close()
			w = packing{w, packer}
		}
		http.StripPrefix("/packed", http.DefaultServeMux).ServeHTTP(w, r)
	})
	http.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(r.URL.String(), "/moved/", "/a/path/", 1), 302)
	})
	http.HandleFunc("/login/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<!DOCTYPE html><html><form>Who are you?</form></html>")
	})
	half("/hangs", func(r *http.Request) { <-r.Context().Done() })
	half("/dies", func(r *http.Request) { os.Exit(3) })
}

func main() {
	n := flag.Int("n", 0, "leaked goroutines")
	grow := flag.Bool("grow", false, "leak 5 more every 100 ms")
	life := flag.Duration("for", time.Minute, "how long to live")
	address := flag.String("listen", "127.0.0.1:0", "address, or the path of a socket")
	secure := flag.String("tls", "", "speak TLS; the folder to write certificates to")
	clients := flag.Bool("clients", false, "with -tls: want certificates of clients")
	lines := flag.Int("lines", 0, "log so many lines to stderr, and end")
	rate := flag.Int("rate", 50000, "lines per second")
	exit := flag.Int("exit", 0, "exit code")
	flag.Parse()
	leak(*n)
	if *grow {
		go func() {
			for {
				leak(5)
				time.Sleep(100 * time.Millisecond)
			}
		}()
	}
	if *lines > 0 {
		log(*lines, *rate)
		os.Exit(*exit)
	}
	handlers()
	go tick()
	network := "tcp"
	if strings.HasPrefix(*address, "/") {
		network = "unix"
	}
	listener, err := net.Listen(network, *address)
	if err != nil {
		panic(err)
	}
	if *secure != "" {
		listener = withTLS(listener, *secure, *clients)
	}
	if place, ok := listener.Addr().(*net.TCPAddr); ok {
		fmt.Println(place.Port)
	} else {
		fmt.Println(0)
	}
	go http.Serve(listener, http.HandlerFunc(counted))
	time.Sleep(*life)
	os.Exit(*exit)
}

// log writes lines in time, each with the moment at which it was written.
func log(lines, rate int) {
	start := time.Now()
	for i := 0; i < lines; i++ {
		fmt.Fprintf(os.Stderr, "line %d of the application, %d\n", i, time.Now().UnixMicro())
		if i%50 == 49 {
			time.Sleep(time.Duration(i)*time.Second/time.Duration(rate) - time.Since(start))
		}
	}
}

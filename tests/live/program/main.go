// Serves pprof pages as programs do that are well, leak, ask for credentials or hang, and logs in between.
package main

import (
	"encoding/pem"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	_ "net/http/pprof"
	"os"
	"runtime/metrics"
	"time"
)

func leak(n int) {
	for i := 0; i < n; i++ {
		ch := make(chan int)
		go func() { ch <- 1 }()
	}
}

// slow counts the pauses of all goroutines that took five milliseconds and longer.
func slow() (pauses uint64) {
	for _, kind := range []string{"gc", "other"} {
		sample := []metrics.Sample{{Name: "/sched/pauses/total/" + kind + ":seconds"}}
		metrics.Read(sample)
		histogram := sample[0].Value.Float64Histogram()
		for i, count := range histogram.Counts {
			if histogram.Buckets[i] >= 0.0049 {
				pauses += count
			}
		}
	}
	return pauses
}

func main() {
	n := flag.Int("n", 0, "leaked goroutines")
	grow := flag.Bool("grow", false, "leak 5 more every 100 ms")
	life := flag.Duration("for", time.Minute, "how long to live")
	secure := flag.String("tls", "", "speak TLS; the file to write the certificate to")
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
		start := time.Now()
		for i := 0; i < *lines; i++ {
			fmt.Fprintf(os.Stderr, "line %d of the application\n", i)
			if i%500 == 499 {
				time.Sleep(time.Duration(i)*time.Second/time.Duration(*rate) - time.Since(start))
			}
		}
		os.Exit(*exit)
	}
	http.HandleFunc("/pauses", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, slow())
	})
	http.HandleFunc("/auth/", func(w http.ResponseWriter, r *http.Request) {
		if user, word, _ := r.BasicAuth(); user != "a" || word != "s3cret" {
			w.WriteHeader(401)
			return
		}
		http.StripPrefix("/auth", http.DefaultServeMux).ServeHTTP(w, r)
	})
	if *secure != "" {
		server := httptest.NewUnstartedServer(http.DefaultServeMux)
		server.StartTLS()
		block := &pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}
		os.WriteFile(*secure, pem.EncodeToMemory(block), 0o644)
		fmt.Println(server.Listener.Addr().(*net.TCPAddr).Port)
	} else {
		listener, _ := net.Listen("tcp", "127.0.0.1:0")
		fmt.Println(listener.Addr().(*net.TCPAddr).Port)
		go http.Serve(listener, nil)
	}
	time.Sleep(*life)
	os.Exit(*exit)
}

// Command dump_parser is an anchor of the benchmarks: what a careful Go program needs to turn a dump into
// structs. It reads a file, parses every goroutine with its frames, and prints how many there were.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

type frame struct {
	function, file string
	line           int
}

type goroutine struct {
	id        int
	state     string
	frames    []frame
	createdBy *frame
}

func main() {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	all := parse(text)
	frames := 0
	for _, g := range all {
		frames += len(g.frames)
	}
	fmt.Println(len(all), frames)
}

func parse(text []byte) []*goroutine {
	var all []*goroutine
	var current *goroutine
	var function []byte
	for len(text) > 0 {
		line := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			line, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		switch {
		case bytes.HasPrefix(line, []byte("goroutine ")):
			current = header(line)
			if current != nil {
				all = append(all, current)
			}
		case len(line) == 0:
			current = nil
		case current == nil:
		case line[0] == '\t':
			place(current, function, line[1:])
		default:
			function = line
		}
	}
	return all
}

func header(line []byte) *goroutine {
	rest := line[len("goroutine "):]
	space := bytes.IndexByte(rest, ' ')
	open, shut := bytes.IndexByte(rest, '['), bytes.IndexByte(rest, ']')
	if space < 0 || open < 0 || shut < open {
		return nil
	}
	id, err := strconv.Atoi(string(rest[:space]))
	if err != nil {
		return nil
	}
	return &goroutine{id: id, state: string(rest[open+1 : shut])}
}

func place(g *goroutine, function, at []byte) {
	colon := bytes.LastIndexByte(at, ':')
	if colon < 0 {
		return
	}
	number := at[colon+1:]
	if end := bytes.IndexByte(number, ' '); end >= 0 {
		number = number[:end]
	}
	line, err := strconv.Atoi(string(number))
	if err != nil {
		return
	}
	name, created := bytes.CutPrefix(function, []byte("created by "))
	if created {
		name, _, _ = bytes.Cut(name, []byte(" in goroutine "))
	} else if end := bytes.LastIndexByte(name, '('); end > 0 {
		name = name[:end]
	}
	found := frame{string(name), string(at[:colon]), line}
	if created {
		g.createdBy = &found
		return
	}
	g.frames = append(g.frames, found)
}

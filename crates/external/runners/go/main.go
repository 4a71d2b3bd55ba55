// Measures constructs of Go as concbench orders: version 1 of its protocol for external runners.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func say(format string, values ...any) {
	// Standard output is not buffered: each line is there at once.
	fmt.Fprintf(os.Stdout, format+"\n", values...)
}

func describe() {
	models := map[string]any{}
	for name := range starts {
		models[name] = nil
	}
	text, _ := json.Marshal(map[string]any{
		"protocol":       1,
		"language":       "Go",
		"implementation": runtime.Compiler,
		"version":        runtime.Version(),
		"global_lock":    map[string]any{"held": false, "how": "goroutines run on as many threads as GOMAXPROCS says"},
		"jit":            false,
		"remark":         nil,
		"models":         models,
	})
	say("%s", text)
}

// order is what is asked for, by its keys.
type order map[string]string

func (o order) number(key string) uint64 {
	value, _ := strconv.ParseUint(o[key], 10, 64)
	return value
}

func readOrder(lines *bufio.Scanner) (order, error) {
	asked := order{}
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), " ")
		if key == "go" {
			return asked, nil
		}
		asked[key] = value
	}
	return nil, fmt.Errorf("the order did not end")
}

func measure(run model, tasks int) error {
	begun := time.Now()
	values, err := run.batch()
	if err != nil {
		return err
	}
	var digest uint64
	for index, value := range values {
		digest += value ^ uint64(index)*golden
	}
	wall := time.Since(begun).Nanoseconds()
	say("batch %d %d %d %016x", wall, tasks, len(values), digest)
	return nil
}

func observe(lines *bufio.Scanner) error {
	asked, err := readOrder(lines)
	if err != nil {
		return err
	}
	start, found := starts[asked["model"]]
	if !found {
		say("unsupported there is no model %s", asked["model"])
		return nil
	}
	tasks := int(asked.number("tasks"))
	run := start(newKernel(asked), tasks, int(asked.number("workers")))
	defer run.close()
	say("ready")
	warmUntil := time.Now().Add(time.Duration(asked.number("warm_ms")) * time.Millisecond)
	batches, most := asked.number("batches"), asked.number("most")
	for done := uint64(0); done < batches || (time.Now().Before(warmUntil) && done < most); done++ {
		if err := measure(run, tasks); err != nil {
			return err
		}
	}
	say("end")
	for lines.Scan() {
		if lines.Text() != "again" {
			continue
		}
		if err := measure(run, tasks); err != nil {
			return err
		}
		say("end")
	}
	return nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch lines.Text() {
		case "describe":
			describe()
		case "observe":
			if err := observe(lines); err != nil {
				say("failed %s", strings.Join(strings.Fields(err.Error()), " "))
				os.Exit(1)
			}
		}
	}
}

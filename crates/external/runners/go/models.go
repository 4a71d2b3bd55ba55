package main

import (
	"errors"
	"runtime"
	"sync"
)

// model is a construct that is measured: it is started with a kernel, runs batches, and is closed. A batch returns what its
// tasks returned, in the order of their numbers.
type model struct {
	batch func() ([]uint64, error)
	close func()
}

var starts = map[string]func(run kernel, tasks, workers int) model{
	"sequential": func(run kernel, tasks, _ int) model {
		return lasting(func() ([]uint64, error) { return sequential(run, tasks) })
	},
	"goroutines": func(run kernel, tasks, _ int) model {
		return lasting(func() ([]uint64, error) { return goroutines(run, tasks) })
	},
	"goroutines-one-core": func(run kernel, tasks, _ int) model {
		runtime.GOMAXPROCS(1)
		return lasting(func() ([]uint64, error) { return goroutines(run, tasks) })
	},
	"worker-pool": newPool,
}

// lasting is a model of which nothing stays from batch to batch.
func lasting(batch func() ([]uint64, error)) model {
	return model{batch: batch, close: func() {}}
}

func sequential(run kernel, tasks int) ([]uint64, error) {
	values := make([]uint64, tasks)
	for index := range values {
		value, err := run(uint64(index))
		if err != nil {
			return nil, err
		}
		values[index] = value
	}
	return values, nil
}

// goroutines starts one a task, and waits for all.
func goroutines(run kernel, tasks int) ([]uint64, error) {
	values, failures := make([]uint64, tasks), make([]error, tasks)
	var group sync.WaitGroup
	group.Add(tasks)
	for index := range values {
		go func(index int) {
			defer group.Done()
			values[index], failures[index] = run(uint64(index))
		}(index)
	}
	group.Wait()
	return values, errors.Join(failures...)
}

type result struct {
	index int
	value uint64
	err   error
}

// newPool starts workers that take the numbers of tasks from a channel.
func newPool(run kernel, tasks, workers int) model {
	jobs, results := make(chan int, tasks), make(chan result, tasks)
	var group sync.WaitGroup
	group.Add(workers)
	for worker := 0; worker < workers; worker++ {
		go func() {
			defer group.Done()
			for index := range jobs {
				value, err := run(uint64(index))
				results <- result{index, value, err}
			}
		}()
	}
	batch := func() ([]uint64, error) {
		values := make([]uint64, tasks)
		var failures []error
		for index := range values {
			jobs <- index
		}
		for range values {
			one := <-results
			values[one.index] = one.value
			failures = append(failures, one.err)
		}
		return values, errors.Join(failures...)
	}
	return model{batch: batch, close: func() {
		close(jobs)
		group.Wait()
	}}
}

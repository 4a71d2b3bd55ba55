package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"math/bits"
	"net"
	"net/http"
	"time"
)

// golden is 2^64 over the golden ratio: what a digest turns the number of a task by.
const golden = 0x9e3779b97f4a7c15

// kernel is a task, a function of its number.
type kernel func(index uint64) (uint64, error)

func newKernel(asked order) kernel {
	n, wait := asked.number("n"), time.Duration(asked.number("wait_us"))*time.Microsecond
	switch asked["kernel"] {
	case "noop":
		return func(index uint64) (uint64, error) { return index, nil }
	case "count":
		return func(index uint64) (uint64, error) { return count(index, n), nil }
	case "factorial":
		return func(index uint64) (uint64, error) { return factorial(index, n), nil }
	case "sleep":
		return func(index uint64) (uint64, error) {
			time.Sleep(wait)
			return index, nil
		}
	case "mixed":
		return func(index uint64) (uint64, error) {
			before := count(index, n)
			time.Sleep(wait)
			return count(before, n), nil
		}
	case "http":
		return func(index uint64) (uint64, error) { return ask(asked, index) }
	}
	return func(uint64) (uint64, error) { return 0, fmt.Errorf("there is no kernel %s", asked["kernel"]) }
}

// count counts to n, and folds every number on the way into start.
func count(start, n uint64) uint64 {
	folded := start
	for number := uint64(1); number <= n; number++ {
		folded = bits.RotateLeft64(folded, 5) ^ number
	}
	return folded
}

// factorial multiplies 1 to n into an integer that starts as the number of the task, and folds its 64-bit digits.
func factorial(index, n uint64) uint64 {
	product := new(big.Int).SetUint64(index | 1<<63)
	factor := new(big.Int)
	for number := uint64(2); number <= n; number++ {
		product.Mul(product, factor.SetUint64(number))
	}
	text := product.Bytes()
	folded := uint64(0xcbf29ce484222325)
	// The most significant byte comes first.
	for end := len(text); end > 0; end -= 8 {
		var digit uint64
		for _, one := range text[max(0, end-8):end] {
			digit = digit<<8 | uint64(one)
		}
		folded = (folded ^ digit) * 0x100000001b3
	}
	return folded
}

// body is what the target answers with.
func body(seed uint64, length int) []byte {
	mixed := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
	mixed = (mixed ^ mixed>>27) * 0x94d049bb133111eb
	state := mixed ^ mixed>>31 | 1
	var text []byte
	for len(text) < length {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		text = binary.LittleEndian.AppendUint64(text, state)
	}
	return text[:length]
}

// ask is a client that asks several times over one connection: a connection of its own, since http.Client shares them.
func ask(asked order, index uint64) (uint64, error) {
	address := net.JoinHostPort(asked["host"], asked["port"])
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	answers := bufio.NewReader(connection)
	digest, length := index, int(asked.number("body_bytes"))
	for request := uint64(0); request < asked.number("requests"); request++ {
		seed := index*golden ^ request
		head := fmt.Sprintf("GET /?seed=%d&delay_us=%s&bytes=%d HTTP/1.1\r\nhost: %s\r\n\r\n",
			seed, asked["delay_us"], length, address)
		if _, err := io.WriteString(connection, head); err != nil {
			return 0, err
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			return 0, err
		}
		received, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			return 0, err
		}
		if response.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("http: the server answered with status %d", response.StatusCode)
		}
		if !bytes.Equal(received, body(seed, length)) {
			return 0, fmt.Errorf("http: the body is not the one that was asked for")
		}
		folded := seed
		for _, one := range received {
			folded = bits.RotateLeft64(folded, 5) ^ uint64(one)
		}
		digest = digest*31 + folded
	}
	return digest, nil
}

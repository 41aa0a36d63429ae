//go:build ignore

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// stat returns the fields of /proc/PID/stat after the name: parent, and ticks of CPU, are among them.
func stat(pid int) ([]string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 22 {
		return nil, errors.New("/proc/PID/stat is too short")
	}
	return fields, nil
}

// cpuOf is the user and system time of a process and of those that it started and that have ended.
func cpuOf(pid int) (time.Duration, error) {
	fields, err := stat(pid)
	if err != nil {
		return 0, err
	}
	sum := int64(0)
	for _, text := range fields[11:15] {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / 100, nil
}

// treeMemory is what a process and those below it hold, in bytes; one that ends meanwhile does not count.
func treeMemory(root int) int64 {
	parents, held := map[int]int{}, map[int]int64{}
	names, _ := filepath.Glob("/proc/[0-9]*")
	for _, name := range names {
		pid, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		fields, err := stat(pid)
		if err != nil {
			continue
		}
		parents[pid], _ = strconv.Atoi(fields[1])
		pages, _ := strconv.ParseInt(fields[21], 10, 64)
		held[pid] = pages * int64(os.Getpagesize())
	}
	sum := int64(0)
	for pid := range parents {
		for at, depth := pid, 0; at > 1 && depth < 20; at, depth = parents[at], depth+1 {
			if at == root {
				sum += held[pid]
				break
			}
		}
	}
	return sum
}

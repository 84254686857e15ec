package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// clockTick is the unit of CPU times in /proc, see proc_pid_stat(5): USER_HZ,
// which is 100 on every Linux that Go runs on.
const clockTick = time.Second / 100

// CPUTime returns the CPU time, user and system, that the processes have used.
func CPUTime(pids ...int) (time.Duration, error) {
	const utime, stime = 11, 12 // fields 14 and 15, counted from the one after the name
	var sum time.Duration
	for _, pid := range pids {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			return 0, fmt.Errorf("cpu time: %w", err)
		}
		_, after, _ := strings.Cut(string(stat), ") ") // the name may hold blanks
		fields := strings.Fields(after)
		if len(fields) <= stime {
			return 0, fmt.Errorf("cpu time of %d: unexpected form of stat", pid)
		}
		for _, i := range []int{utime, stime} {
			ticks, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return 0, fmt.Errorf("cpu time of %d: %w", pid, err)
			}
			sum += time.Duration(ticks) * clockTick
		}
	}
	return sum, nil
}

// spent returns the CPU time of the servers, and then that of those beside them.
func (t *Target) spent() ([]time.Duration, error) {
	servers, err := CPUTime(t.PIDs...)
	if err != nil {
		return nil, err
	}
	spent := []time.Duration{servers}
	for _, beside := range t.Beside {
		d, err := beside()
		if err != nil {
			return nil, err
		}
		spent = append(spent, d)
	}
	return spent, nil
}

// residentKiB returns the resident memory of the processes.
func residentKiB(pids []int) (int64, error) {
	var sum int64
	for _, pid := range pids {
		status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		if err != nil {
			return 0, fmt.Errorf("memory: %w", err)
		}
		_, after, found := strings.Cut(string(status), "VmRSS:")
		fields := strings.Fields(after)
		if !found || len(fields) == 0 {
			return 0, fmt.Errorf("memory of %d: unexpected form of status", pid)
		}
		kib, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("memory of %d: %w", pid, err)
		}
		sum += kib
	}
	return sum, nil
}

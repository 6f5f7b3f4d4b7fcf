// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"bytes"
	"os"
	"strings"

	"github.com/columen/columen/mpiutil"
)

// Place is where a rank runs, as the rank itself found it.
type Place struct {
	Rank int    `json:"rank"`
	Host string `json:"host"`
	CPUs string `json:"cpus"` // processors that the rank may use, such as 0-3,8; "" where the system does not say
}

// placeBytes is the room for what a rank says of itself: a host name has at most
// 64 bytes, and a list of processors is short unless it is scattered.
const placeBytes = 512

// here finds the place of this process: the affinity mask of its first thread,
// which is the one that the launcher bound.
func here() Place {
	p := Place{CPUs: allowedCPUs("/proc/self/status")}
	p.Host, _ = os.Hostname() // a machine without a name has an empty one
	return p
}

// allowedCPUs reads the list of processors of a process.
func allowedCPUs(status string) string {
	data, err := os.ReadFile(status)
	if err != nil {
		return ""
	}
	for _, line := range strings.Split(string(data), "\n") {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return strings.TrimSpace(list)
		}
	}
	return ""
}

// recordPlaces adds the places of all ranks to the manifest. It is collective.
func (s *session) recordPlaces() error {
	var err error
	s.env.Manifest.Places, err = places(s.comm)
	return err
}

// Nodes returns the number of machines that the ranks run on. It is collective.
func (e *Env) Nodes() (int, error) {
	all, err := places(e.Comm)
	hosts := map[string]bool{}
	for _, p := range all {
		hosts[p.Host] = true
	}
	return max(1, len(hosts)), err
}

// places returns where all ranks run.
func places(comm Comm) (list []Place, err error) {
	p := here()
	text := []byte(p.Host + "\n" + p.CPUs)
	mine := make([]byte, placeBytes)
	copy(mine, text[:min(len(text), placeBytes)])
	all := mine
	if w, ok := comm.(World); ok {
		all = make([]byte, placeBytes*comm.Size())
		if err := mpiutil.Allgather(w.Comm, mine, all); err != nil {
			return nil, err
		}
	}
	for rank := range len(all) / placeBytes {
		host, cpus, _ := strings.Cut(string(bytes.TrimRight(all[rank*placeBytes:(rank+1)*placeBytes], "\x00")), "\n")
		list = append(list, Place{rank, host, cpus})
	}
	return list, nil
}

// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Bounds of node lists: the largest machines have some ten thousand nodes.
const (
	maxNodes     = 1 << 17
	maxListBytes = 1 << 20
	maxDigits    = 9
)

// NodeListError says why a text is no list of nodes.
type NodeListError struct {
	List   string // the list, shortened
	Offset int    // of the part that is wrong [bytes]
	Reason string
}

// Error names the list, the place and what is allowed.
func (e *NodeListError) Error() string {
	return fmt.Sprintf("node list %q: offset %d: %s: allowed: names and ranges such as c[1-4,7],g01", e.List, e.Offset, e.Reason)
}

// ParseNodes returns the names in a list as Slurm writes it, for example
// c[1-4,7],g01 or r[0-1]n[01-12], in order. Names are letters, digits, hyphens,
// underscores and dots. The error is a *NodeListError.
func ParseNodes(list string) ([]string, error) {
	p := &nodeParser{text: list}
	if len(list) > maxListBytes {
		return nil, p.fail(fmt.Sprintf("%d bytes, more than %d", len(list), maxListBytes))
	}
	var all []string
	for {
		names, err := p.item(maxNodes - len(all))
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
		if p.at == len(list) {
			return all, nil
		}
		p.at++ // the comma at which item ended
	}
}

// nodeParser is a place in a list.
type nodeParser struct {
	text string
	at   int
}

func (p *nodeParser) fail(reason string) error {
	shown := p.text
	if len(shown) > 60 {
		shown = strings.ToValidUTF8(shown[:60], "?") + "…"
	}
	return &NodeListError{shown, p.at, reason}
}

// item reads one name with its brackets, up to a comma or the end.
func (p *nodeParser) item(room int) ([]string, error) {
	names, start := []string{""}, p.at
	for p.at < len(p.text) && p.text[p.at] != ',' {
		var parts []string
		if p.text[p.at] == '[' {
			p.at++
			var err error
			if parts, err = p.ranges(room / len(names)); err != nil {
				return nil, err
			}
		} else {
			from := p.at
			for p.at < len(p.text) && nameByte(p.text[p.at]) {
				p.at++
			}
			if from == p.at {
				return nil, p.fail(fmt.Sprintf("unexpected %q", p.text[p.at]))
			}
			parts = []string{p.text[from:p.at]}
		}
		crossed := make([]string, 0, len(names)*len(parts))
		for _, n := range names {
			for _, part := range parts {
				crossed = append(crossed, n+part)
			}
		}
		names = crossed
	}
	if p.at == start {
		return nil, p.fail("an empty name")
	}
	if len(names) > room {
		return nil, p.fail(fmt.Sprintf("more than %d nodes", maxNodes))
	}
	return names, nil
}

// ranges reads what stands between brackets, and the closing one.
func (p *nodeParser) ranges(room int) ([]string, error) {
	var out []string
	for {
		lo, err := p.number()
		if err != nil {
			return nil, err
		}
		hi := lo
		if p.at < len(p.text) && p.text[p.at] == '-' {
			p.at++
			if hi, err = p.number(); err != nil {
				return nil, err
			}
		}
		// At most maxDigits digits each: an int holds them.
		first, _ := strconv.Atoi(lo)
		last, _ := strconv.Atoi(hi)
		switch {
		case last < first:
			return nil, p.fail(fmt.Sprintf("the range %s-%s falls", lo, hi))
		case last-first >= room-len(out):
			return nil, p.fail(fmt.Sprintf("more than %d nodes", maxNodes))
		}
		for n := first; n <= last; n++ {
			out = append(out, fmt.Sprintf("%0*d", len(lo), n))
		}
		if p.at == len(p.text) {
			return nil, p.fail("no closing bracket")
		}
		p.at++
		switch p.text[p.at-1] {
		case ']':
			return out, nil
		case ',':
		default:
			p.at--
			return nil, p.fail(fmt.Sprintf("unexpected %q", p.text[p.at]))
		}
	}
}

func (p *nodeParser) number() (string, error) {
	from := p.at
	for p.at < len(p.text) && p.text[p.at] >= '0' && p.text[p.at] <= '9' {
		p.at++
	}
	if digits := p.at - from; digits == 0 || digits > maxDigits {
		return "", p.fail(fmt.Sprintf("%d digits where a number of 1 to %d should be", digits, maxDigits))
	}
	return p.text[from:p.at], nil
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// numbered is a name that ends with digits.
type numbered struct {
	prefix, digits string
	value          int
}

// FormatNodes writes names as a short list, those that differ in a final number
// together: c1, c2, c3 as c[1-3]. Repeated names are written once; ParseNodes
// gives the same set of names back.
func FormatNodes(names []string) string {
	var items []numbered
	order := map[string]int{} // of prefixes, as they appear
	for _, name := range names {
		cut := len(strings.TrimRight(name, "0123456789"))
		cut = max(cut, len(name)-maxDigits)
		n := numbered{prefix: name[:cut], digits: name[cut:]}
		n.value, _ = strconv.Atoi(n.digits) // 0 where there are none
		if _, ok := order[n.prefix]; !ok {
			order[n.prefix] = len(order)
		}
		items = append(items, n)
	}
	slices.SortFunc(items, func(a, b numbered) int {
		return cmp.Or(cmp.Compare(order[a.prefix], order[b.prefix]), cmp.Compare(a.value, b.value), cmp.Compare(len(a.digits), len(b.digits)))
	})
	items = slices.Compact(items)
	var out []string
	for len(items) > 0 {
		n := 1
		for n < len(items) && items[n].prefix == items[0].prefix {
			n++
		}
		out = append(out, formatGroup(items[:n])...)
		items = items[n:]
	}
	return strings.Join(out, ",")
}

// formatGroup writes names of one prefix.
func formatGroup(items []numbered) []string {
	var out, ranges []string
	if items[0].digits == "" { // the prefix alone is a name
		out, items = append(out, items[0].prefix), items[1:]
	}
	single := true
	for i := 0; i < len(items); {
		last := i
		for last+1 < len(items) && items[last+1].digits == fmt.Sprintf("%0*d", len(items[i].digits), items[last].value+1) {
			last++
		}
		ranges = append(ranges, items[i].digits)
		if last > i {
			ranges[len(ranges)-1] += "-" + items[last].digits
			single = false
		}
		i = last + 1
	}
	switch {
	case len(ranges) == 0:
	case len(ranges) == 1 && single:
		out = append(out, items[0].prefix+ranges[0])
	default:
		out = append(out, items[0].prefix+"["+strings.Join(ranges, ",")+"]")
	}
	return out
}

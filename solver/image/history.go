// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"strconv"
	"strings"
)

// historyColumns is the room for text in a HISTORY card.
const historyColumns = 72

// historyLines puts one line of provenance into HISTORY cards as "key = value".
// Text that does not fit goes on in cards that begin with two blanks. FITS
// headers are printable ASCII and lose blanks at the end of a card, so anything
// else is written as a quoted Go string.
func historyLines(kv KeyValue) []string {
	text := quoted(kv.Key, "=") + " = " + quoted(kv.Value, "")
	var lines []string
	for indent := ""; text != ""; indent = "  " {
		end := min(len(text), historyColumns-len(indent))
		for end < len(text) && text[end-1] == ' ' {
			end-- // runs of blanks are quoted, so this moves one blank at most
		}
		lines = append(lines, indent+text[:end])
		text = text[end:]
	}
	return lines
}

// quoted returns s, or its quoted form if a card would not keep s as it is or
// it contains one of the characters in special.
func quoted(s, special string) string {
	plain := s != "" && s == strings.TrimSpace(s) && !strings.Contains(s, "  ") && !strings.ContainsAny(s, special+`"\`)
	for _, r := range s {
		plain = plain && r >= ' ' && r <= '~'
	}
	if plain {
		return s
	}
	return strings.ReplaceAll(strconv.QuoteToASCII(s), "  ", ` \x20`)
}

// parseHistory reverses historyLines over all HISTORY cards of a header. Cards
// of another origin get the key "history".
func parseHistory(lines []string) []KeyValue {
	var entries []string
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, "  "); ok && len(entries) > 0 {
			entries[len(entries)-1] += rest
		} else {
			entries = append(entries, line)
		}
	}
	var out []KeyValue
	for _, e := range entries {
		key, rest := "", ""
		ok := false
		if q, err := strconv.QuotedPrefix(e); err == nil {
			key = unquoted(q)
			rest, ok = strings.CutPrefix(e[len(q):], " = ")
		} else {
			key, rest, ok = strings.Cut(e, " = ")
		}
		if !ok {
			key, rest = "history", e
		}
		out = append(out, KeyValue{key, unquoted(rest)})
	}
	return out
}

// unquoted reverses quoted.
func unquoted(s string) string {
	if u, err := strconv.Unquote(s); err == nil && strings.HasPrefix(s, `"`) {
		return u
	}
	return s
}

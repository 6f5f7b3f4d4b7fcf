// SPDX-License-Identifier: BSD-3-Clause

//go:build chromium

package report

import (
	"bytes"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestPageInChromium renders the page in headless Chromium: its numbers are those
// of the lines, and there is something to see, light and dark.
func TestPageInChromium(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("tests with tag chromium need it: %v", err)
	}
	page, f := pageOf(t)
	dir := t.TempDir()
	path, shot := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.png")
	if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
		t.Fatal(err)
	}
	see := func(args ...string) []byte {
		var out, said bytes.Buffer
		// A container has no sandbox and little shared memory.
		cmd := exec.Command(browser, append([]string{"--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + dir + "/profile", "--window-size=1050,4000"}, args...)...)
		cmd.Stdout, cmd.Stderr = &out, &said
		if err := cmd.Run(); err != nil {
			t.Fatalf("chromium: %v\n%s", err, said.String())
		}
		return out.Bytes()
	}
	checkPage(t, string(see("--dump-dom", "file://"+path)), f)
	for name, args := range map[string][]string{"light": nil, "dark": {"--blink-settings=preferredColorScheme=0"}} {
		see(append(args, "--screenshot="+shot, "file://"+path)...)
		data, err := os.ReadFile(shot)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		colours := map[[3]uint32]bool{}
		for y := range img.Bounds().Dy() {
			for x := range img.Bounds().Dx() {
				r, g, b, _ := img.At(x, y).RGBA()
				colours[[3]uint32{r >> 8, g >> 8, b >> 8}] = true
			}
		}
		corner, _, _, _ := img.At(2, 2).RGBA()
		if len(colours) < 50 || (name == "light") != (corner>>8 == 0xff) {
			t.Errorf("%s: %d colours, background %d", name, len(colours), corner>>8)
		}
	}
}

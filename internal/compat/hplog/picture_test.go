package hplog_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// pngPicture is a small picture unlike those of other numbers.
func pngPicture(n int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, 40+n, 30))
	for x := range 40 + n {
		for y := range 30 {
			img.Set(x, y, color.RGBA{uint8(x * 5), uint8(y * 7), uint8(n * 40), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
}

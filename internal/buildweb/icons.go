package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// icons are the launcher's pictures of web/app/icon.svg, drawn here so that
// the build needs no drawing program. Those with a full ground are for
// launchers that cut the icon to a shape of their own.
var icons = []icon{
	{name: "icon-192.png", size: 192, scale: .86, corner: .22},
	{name: "icon-512.png", size: 512, scale: .86, corner: .22},
	{name: "icon-full-512.png", size: 512, scale: .66, corner: 0},
	{name: "icon-apple-180.png", size: 180, scale: .76, corner: 0},
}

type icon struct {
	name   string
	size   int     // pixels
	scale  float64 // of the mark in the ground
	corner float64 // radius of the ground's corners, as a share of the size
}

var (
	pine  = color.NRGBA{0x17, 0x69, 0x4d, 0xff}
	paper = color.NRGBA{0xff, 0xff, 0xff, 0xff}
)

// The mark in a square of 24: a ring of four rails with gaps between, round
// at their ends, and in the middle what it fences in.
const (
	ringRadius = 9.0
	railWidth  = 2.4
	heart      = 3.6
	gapHalf    = 0.31 // radians from the middle of a gap to the middle of a rail's end
)

// grain is how many samples across a pixel are taken.
const grain = 4

func (i icon) draw() ([]byte, error) {
	img := image.NewNRGBA(image.Rect(0, 0, i.size, i.size))
	for y := range i.size {
		for x := range i.size {
			img.SetNRGBA(x, y, i.pixel(x, y))
		}
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	err := encoder.Encode(&out, img)
	return out.Bytes(), err
}

// pixel is the mean of the samples of one pixel.
func (i icon) pixel(x, y int) color.NRGBA {
	ground, mark := 0, 0
	for s := range grain * grain {
		fx := (float64(x) + (float64(s%grain)+.5)/grain) / float64(i.size)
		fy := (float64(y) + (float64(s/grain)+.5)/grain) / float64(i.size)
		if !i.inGround(fx, fy) {
			continue
		}
		ground++
		if inMark((fx-.5)*24/i.scale, (fy-.5)*24/i.scale) {
			mark++
		}
	}
	return blend(ground, mark, grain*grain)
}

func blend(ground, mark, all int) color.NRGBA {
	if ground == 0 {
		return color.NRGBA{}
	}
	mix := func(a, b uint8) uint8 { return uint8((int(a)*(ground-mark) + int(b)*mark) / ground) }
	return color.NRGBA{mix(pine.R, paper.R), mix(pine.G, paper.G), mix(pine.B, paper.B), uint8(ground * 255 / all)}
}

// inGround tells whether a point of the unit square is inside the rounded
// ground.
func (i icon) inGround(x, y float64) bool {
	dx := max(i.corner-x, x-(1-i.corner), 0)
	dy := max(i.corner-y, y-(1-i.corner), 0)
	return dx*dx+dy*dy <= i.corner*i.corner
}

func inMark(x, y float64) bool {
	r := math.Hypot(x, y)
	if r <= heart {
		return true
	}
	quarter := math.Mod(math.Atan2(y, x)+2*math.Pi, math.Pi/2)
	if quarter >= gapHalf && quarter <= math.Pi/2-gapHalf {
		return math.Abs(r-ringRadius) <= railWidth/2
	}
	for _, end := range []float64{gapHalf, math.Pi/2 - gapHalf} {
		if math.Hypot(r*math.Cos(quarter)-ringRadius*math.Cos(end), r*math.Sin(quarter)-ringRadius*math.Sin(end)) <= railWidth/2 {
			return true
		}
	}
	return false
}

package api

import (
	"math"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
)

// Figures are values of one metric; NaN, not measured, is null in JSON.
type Figures []float32

// MarshalJSON writes the shortest text of each value.
func (f Figures) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 2+8*len(f))
	b = append(b, '[')
	for i, v := range f {
		if i > 0 {
			b = append(b, ',')
		}
		if x := float64(v); math.IsNaN(x) || math.IsInf(x, 0) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, x, 'f', -1, 32)
		}
	}
	return append(b, ']'), nil
}

// Schema describes Figures to OpenAPI.
func (Figures) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeNumber, Nullable: true}}
}

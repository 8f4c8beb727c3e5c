package api

import "github.com/danielgtaylor/huma/v2"

// Figures are values of one metric; NaN, not measured, is null in JSON.
type Figures []float32

// MarshalJSON writes the shortest text of each value.
func (f Figures) MarshalJSON() ([]byte, error) { return f.appendJSON(make([]byte, 0, 2+8*len(f))), nil }

// Schema describes Figures to OpenAPI.
func (Figures) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeArray, Items: &huma.Schema{Type: huma.TypeNumber, Nullable: true}}
}

package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// revisionCustomSerialization is the protocol revision from which every column
// of a Native block is preceded by a flag for sparse and the like
// (DBMS_MIN_REVISION_WITH_CUSTOM_SERIALIZATION).
const revisionCustomSerialization = 54454

// reframer turns Native data of revision 0, the only one the library writes,
// into the revision that a client asked for: from revision 1 a block begins
// with its BlockInfo, from 54454 each column has a flag before its data. The
// values are the same, but to find where a column ends its type must be known.
type reframer struct {
	revision int
	pending  []byte // a block's beginning, when data ends inside it
	types    map[string]*nativeType
}

// blockInfo is not overflow rows, no bucket: what a plain result has.
var blockInfo = []byte{1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0}

// append adds to dst the blocks that data completes, and keeps the rest for
// the next call. dst may be reused between calls.
func (f *reframer) append(dst, data []byte) ([]byte, error) {
	if len(f.pending) > 0 {
		data = append(f.pending, data...)
	}
	for len(data) > 0 {
		out, n, err := f.block(dst, data)
		if errors.Is(err, errShort) {
			break
		}
		if err != nil {
			return dst, err
		}
		dst, data = out, data[n:]
	}
	f.pending = append(f.pending[:0:0], data...)
	return dst, nil
}

// finish reports data that ended inside a block.
func (f *reframer) finish() error {
	if len(f.pending) > 0 {
		return raise(codeUnknown, "the answer ended inside a block of Native data")
	}
	return nil
}

func (f *reframer) block(dst, data []byte) ([]byte, int, error) {
	c := cursor{data: data}
	columns, rows := c.uvarint(), c.uvarint()
	if f.revision > 0 {
		dst = append(dst, blockInfo...)
	}
	dst = append(dst, data[:c.pos]...)
	for range columns {
		start := c.pos
		c.skip(c.uvarint())
		typeLength := c.uvarint()
		typeStart := c.pos
		c.skip(typeLength)
		if c.err != nil {
			return dst, 0, c.err
		}
		typeName := data[typeStart:c.pos]
		dst = append(dst, data[start:c.pos]...)
		if f.revision >= revisionCustomSerialization {
			dst = append(dst, 0)
		}
		if rows == 0 {
			continue
		}
		t, err := f.typeOf(typeName)
		if err != nil {
			return dst, 0, err
		}
		start = c.pos
		t.skipPrefix(&c)
		t.skipData(&c, rows)
		if c.err != nil {
			return dst, 0, c.err
		}
		dst = append(dst, data[start:c.pos]...)
	}
	return dst, c.pos, c.err
}

func (f *reframer) typeOf(name []byte) (*nativeType, error) {
	if t := f.types[string(name)]; t != nil {
		return t, nil
	}
	t, err := parseNativeType(string(name))
	if err != nil {
		return nil, err
	}
	if f.types == nil {
		f.types = map[string]*nativeType{}
	}
	f.types[string(name)] = t
	return t, nil
}

var errShort = errors.New("the data ends inside a block")

// cursor reads forward; after its end everything is zero and err is errShort.
type cursor struct {
	data []byte
	pos  int
	err  error
}

func (c *cursor) skip(n uint64) {
	if n > uint64(len(c.data)-c.pos) {
		c.pos, c.err = len(c.data), errShort
		return
	}
	c.pos += int(n)
}

func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.data[c.pos:])
	if n <= 0 {
		c.pos, c.err = len(c.data), errShort
		return 0
	}
	c.pos += n
	return v
}

func (c *cursor) uint64() uint64 {
	start := c.pos
	if c.skip(8); c.err != nil {
		return 0
	}
	return binary.LittleEndian.Uint64(c.data[start:])
}

// nativeType is how a type's values lie in a Native block.
type nativeType struct {
	layout layout
	size   uint64        // fixed: bytes per value
	parts  []*nativeType // the types inside
}

type layout int

const (
	layoutFixed layout = iota
	layoutString
	layoutNullable       // a byte per row, then the values
	layoutArray          // an offset per row, then the elements
	layoutTuple          // one part after the other
	layoutLowCardinality // a dictionary, then an index per row
)

// skipPrefix passes what stands once before the column's data.
func (t *nativeType) skipPrefix(c *cursor) {
	if t.layout == layoutLowCardinality {
		c.skip(8) // version of the key serialisation
		return
	}
	for _, p := range t.parts {
		p.skipPrefix(c)
	}
}

func (t *nativeType) skipData(c *cursor, rows uint64) {
	if rows == 0 || c.err != nil {
		return
	}
	switch t.layout {
	case layoutFixed:
		if rows > uint64(len(c.data)) { // also keeps the product from overflowing
			c.skip(rows)
			return
		}
		c.skip(rows * t.size)
	case layoutString:
		for range rows {
			c.skip(c.uvarint())
			if c.err != nil {
				return
			}
		}
	case layoutNullable:
		c.skip(rows)
		t.parts[0].skipData(c, rows)
	case layoutArray:
		if rows > uint64(len(c.data)) {
			c.skip(rows)
			return
		}
		c.skip(8 * (rows - 1))
		t.parts[0].skipData(c, c.uint64()) // the last offset counts all elements
	case layoutTuple:
		for _, p := range t.parts {
			p.skipData(c, rows)
		}
	case layoutLowCardinality:
		flags := c.uint64()
		if flags&(1<<9) != 0 { // the block brings its own keys
			t.parts[0].skipData(c, c.uint64())
		}
		indices := c.uint64()
		if indices > uint64(len(c.data)) {
			c.skip(indices)
			return
		}
		c.skip(indices << (flags & 3)) // 1, 2, 4 or 8 bytes each
	}
}

// fixedSizes of the types without arguments, in bytes.
var fixedSizes = map[string]uint64{
	"Bool": 1, "Nothing": 1,
	"Int8": 1, "Int16": 2, "Int32": 4, "Int64": 8, "Int128": 16, "Int256": 32,
	"UInt8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "UInt128": 16, "UInt256": 32,
	"BFloat16": 2, "Float32": 4, "Float64": 8,
	"Date": 2, "Date32": 4, "DateTime": 4, "DateTime64": 8, "Time": 4, "Time64": 8,
	"Enum8": 1, "Enum16": 2, "UUID": 16, "IPv4": 4, "IPv6": 16,
	"Decimal32": 4, "Decimal64": 8, "Decimal128": 16, "Decimal256": 32,
}

// parseNativeType reads a type's name as it stands in a block.
func parseNativeType(name string) (*nativeType, error) {
	name = strings.TrimSpace(name)
	head, inner := name, ""
	if i := strings.IndexByte(name, '('); i >= 0 && strings.HasSuffix(name, ")") {
		head, inner = name[:i], name[i+1:len(name)-1]
	}
	if size, ok := fixedSizes[head]; ok {
		return &nativeType{size: size}, nil
	}
	args := splitArguments(inner)
	switch {
	case head == "String":
		return &nativeType{layout: layoutString}, nil
	case strings.HasPrefix(head, "Interval"):
		return &nativeType{size: 8}, nil
	case head == "FixedString":
		if size, err := strconv.ParseUint(inner, 10, 32); err == nil {
			return &nativeType{size: size}, nil
		}
	case head == "Decimal" && len(args) > 0:
		if precision, err := strconv.Atoi(strings.TrimSpace(args[0])); err == nil {
			size := uint64(32)
			for _, step := range []struct {
				digits int
				size   uint64
			}{{9, 4}, {18, 8}, {38, 16}} {
				if precision <= step.digits {
					size = step.size
					break
				}
			}
			return &nativeType{size: size}, nil
		}
	case head == "Nullable" && len(args) == 1:
		return nested(layoutNullable, args)
	case head == "Array" && len(args) == 1:
		return nested(layoutArray, args)
	case head == "Tuple":
		for i := range args {
			args[i] = withoutElementName(args[i])
		}
		return nested(layoutTuple, args)
	case head == "Nested":
		tuple, err := parseNativeType("Tuple(" + inner + ")")
		return &nativeType{layout: layoutArray, parts: []*nativeType{tuple}}, err
	case head == "Map" && len(args) == 2:
		tuple, err := nested(layoutTuple, args)
		return &nativeType{layout: layoutArray, parts: []*nativeType{tuple}}, err
	case head == "LowCardinality" && len(args) == 1:
		// The dictionary of a nullable type holds plain values; the first
		// stands for NULL.
		args[0] = strings.TrimSpace(args[0])
		if plain, ok := strings.CutPrefix(args[0], "Nullable("); ok {
			args[0] = strings.TrimSuffix(plain, ")")
		}
		return nested(layoutLowCardinality, args)
	case head == "SimpleAggregateFunction" && len(args) >= 2:
		return parseNativeType(args[len(args)-1])
	case head == "Point":
		return &nativeType{size: 16}, nil
	}
	return nil, raise(50, fmt.Sprintf("Columns of type %s cannot be sent in Native format by the embedded engine. "+
		"Turn the column into a plain type in the query (finalizeAggregation, toString or CAST). (UNKNOWN_TYPE)", name))
}

func nested(l layout, args []string) (*nativeType, error) {
	t := &nativeType{layout: l}
	for _, a := range args {
		part, err := parseNativeType(a)
		if err != nil {
			return nil, err
		}
		t.parts = append(t.parts, part)
	}
	return t, nil
}

// splitArguments splits at the commas outside brackets and quotes.
func splitArguments(s string) (args []string) {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	sc := scanner{sql: s}
	start := 0
	for w := sc.word(); w != ""; w = sc.word() {
		if w == "," && sc.depth == 0 {
			args = append(args, s[start:sc.start])
			start = sc.pos
		}
	}
	return append(args, s[start:])
}

// withoutElementName drops the name of a tuple's element: "lat Float64".
func withoutElementName(arg string) string {
	sc := scanner{sql: arg}
	if first := sc.word(); first == "" {
		return arg
	}
	rest := sc
	if next := rest.word(); next != "" && next != "(" {
		return arg[sc.pos:]
	}
	return arg
}

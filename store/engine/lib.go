package engine

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// library is libchdb, opened at run time. Its C interface is bound without
// cgo, so that the program itself builds as plain Go and starts without the
// library.
//
// Every string is passed with its length: statements and data may hold zero
// bytes. Memory handed to C is only read during the call, except where a
// method says otherwise.
type library struct {
	connect     func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	handlers    func(enabled int32)
	version     func() string
	query       func(conn uintptr, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	streamQuery func(conn uintptr, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	fetch       func(conn, stream uintptr) uintptr
	cancelQuery func(conn, stream uintptr)
	destroy     func(result uintptr)

	resultBuffer       func(result uintptr) unsafe.Pointer
	resultLength       func(result uintptr) uintptr
	resultError        func(result uintptr) string
	resultRowsRead     func(result uintptr) uint64
	resultBytesRead    func(result uintptr) uint64
	resultRowsWritten  func(result uintptr) uint64
	resultBytesWritten func(result uintptr) uint64

	insert        func(conn uintptr, sql unsafe.Pointer, sqlLen uintptr, format unsafe.Pointer, formatLen uintptr, names, nameLens, values, valueLens unsafe.Pointer, count uintptr) uintptr
	insertAppend  func(stream uintptr, data unsafe.Pointer, length uintptr) int32
	insertDone    func(stream uintptr) uintptr
	insertCancel  func(stream uintptr)
	insertError   func(stream uintptr) string
	insertDestroy func(stream uintptr)
}

// openLibrary opens the library and binds what the engine needs of it. An
// error names the file and, for a library of the wrong version, the function
// that is missing.
func openLibrary(path string) (lib *library, err error) {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return nil, fmt.Errorf("open the engine library %s: %w", path, err)
	}
	lib = &library{}
	for _, f := range []struct {
		fn   any
		name string
	}{
		{&lib.connect, "chdb_connect"},
		{&lib.handlers, "chdb_set_signal_handlers_enabled"},
		{&lib.version, "chdb_version"},
		{&lib.query, "chdb_query_with_params_n"},
		{&lib.streamQuery, "chdb_stream_query_with_params_n"},
		{&lib.fetch, "chdb_stream_fetch_result"},
		{&lib.cancelQuery, "chdb_stream_cancel_query"},
		{&lib.destroy, "chdb_destroy_query_result"},
		{&lib.resultBuffer, "chdb_result_buffer"},
		{&lib.resultLength, "chdb_result_length"},
		{&lib.resultError, "chdb_result_error"},
		{&lib.resultRowsRead, "chdb_result_rows_read"},
		{&lib.resultBytesRead, "chdb_result_bytes_read"},
		{&lib.resultRowsWritten, "chdb_result_rows_written"},
		{&lib.resultBytesWritten, "chdb_result_bytes_written"},
		{&lib.insert, "chdb_stream_insert_with_params_n"},
		{&lib.insertAppend, "chdb_stream_append"},
		{&lib.insertDone, "chdb_stream_done"},
		{&lib.insertCancel, "chdb_stream_cancel_insert"},
		{&lib.insertError, "chdb_stream_insert_error"},
		{&lib.insertDestroy, "chdb_destroy_insert_stream"},
	} {
		symbol, err := purego.Dlsym(handle, f.name)
		if err != nil {
			return nil, fmt.Errorf("the engine library %s has no %s: another version of it is needed (npm ci brings the right one): %w", path, f.name, err)
		}
		purego.RegisterFunc(f.fn, symbol)
	}
	// With the library's own handlers a fault anywhere in the process would
	// hang it for minutes instead of ending it, and the supervisor could not
	// restart it. Must come before the first connection.
	lib.handlers(0)
	return lib, nil
}

// conn is one connection to the library. It runs one statement at a time and
// is not safe for concurrent use; different connections are.
type conn struct {
	lib    *library
	handle uintptr // what the library's chdb_connection* points to

	// What prepare changed: the database in use, the lane's own settings and
	// the ones set beyond them.
	database string
	base     map[string]string
	applied  map[string]string
}

// open makes a connection. The first one starts the engine with the
// server-level options among args; for the others these have no effect.
func (l *library) open(args []string) (*conn, error) {
	argv := make([]unsafe.Pointer, 0, len(args)+1)
	var pin runtime.Pinner
	defer pin.Unpin()
	for _, a := range append([]string{"clickhouse"}, args...) {
		b := append([]byte(a), 0)
		pin.Pin(&b[0])
		argv = append(argv, unsafe.Pointer(&b[0]))
	}
	box := l.connect(int32(len(argv)), unsafe.Pointer(&argv[0]))
	runtime.KeepAlive(argv)
	if box == nil {
		return nil, errors.New("the engine library refused a connection (its reason is in the lines above)")
	}
	return &conn{lib: l, handle: *(*uintptr)(box), database: "default"}, nil
}

// param is a bound parameter: {name:Type} in the statement.
type param struct{ name, value string }

// bound is a set of parameters as C arrays. It must be kept alive and pinned
// during the call.
type bound struct {
	pin                          runtime.Pinner
	names, values                []unsafe.Pointer
	nameLens, valueLens          []uintptr
	pNames, pValues, pNLen, pVLn unsafe.Pointer
}

func bind(params []param) *bound {
	b := &bound{}
	if len(params) == 0 {
		return b
	}
	for _, p := range params {
		b.names, b.nameLens = append(b.names, b.data(p.name)), append(b.nameLens, uintptr(len(p.name)))
		b.values, b.valueLens = append(b.values, b.data(p.value)), append(b.valueLens, uintptr(len(p.value)))
	}
	b.pNames, b.pNLen = unsafe.Pointer(&b.names[0]), unsafe.Pointer(&b.nameLens[0])
	b.pValues, b.pVLn = unsafe.Pointer(&b.values[0]), unsafe.Pointer(&b.valueLens[0])
	return b
}

func (b *bound) data(s string) unsafe.Pointer {
	if s == "" {
		return unsafe.Pointer(&empty[0])
	}
	p := unsafe.StringData(s)
	b.pin.Pin(p)
	return unsafe.Pointer(p)
}

// empty stands for a string of no bytes: the library takes no null pointers.
var empty [1]byte

func stringPointer(s string) unsafe.Pointer {
	if s == "" {
		return unsafe.Pointer(&empty[0])
	}
	return unsafe.Pointer(unsafe.StringData(s))
}

// result is the outcome of a statement, or one chunk of a stream of them. Its
// data lives in the library's memory until close.
type result struct {
	lib    *library
	handle uintptr
}

func (r *result) close() {
	if r.handle != 0 {
		r.lib.destroy(r.handle)
		r.handle = 0
	}
}

// err is the engine's own exception text, or nil.
func (r *result) err() error {
	if r.handle == 0 {
		return errors.New("the engine library gave no result")
	}
	if text := r.lib.resultError(r.handle); text != "" {
		return newException(text)
	}
	return nil
}

// bytes is the formatted data, valid until close.
func (r *result) bytes() []byte {
	n := r.lib.resultLength(r.handle)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(r.lib.resultBuffer(r.handle)), n)
}

// run executes a statement and keeps its whole answer in memory.
func (c *conn) run(sql, format string, params []param) *result {
	b := bind(params)
	defer b.pin.Unpin()
	h := c.lib.query(c.handle, stringPointer(sql), uintptr(len(sql)), stringPointer(format), uintptr(len(format)), b.pNames, b.pNLen, b.pValues, b.pVLn, uintptr(len(params)))
	runtime.KeepAlive(b)
	runtime.KeepAlive(sql)
	return &result{c.lib, h}
}

// stream starts a statement whose answer comes in chunks through next.
func (c *conn) stream(sql, format string, params []param) *result {
	b := bind(params)
	defer b.pin.Unpin()
	h := c.lib.streamQuery(c.handle, stringPointer(sql), uintptr(len(sql)), stringPointer(format), uintptr(len(format)), b.pNames, b.pNLen, b.pValues, b.pVLn, uintptr(len(params)))
	runtime.KeepAlive(b)
	runtime.KeepAlive(sql)
	return &result{c.lib, h}
}

// next is the following chunk of a stream; one without bytes is the end.
func (c *conn) next(stream *result) *result {
	return &result{c.lib, c.lib.fetch(c.handle, stream.handle)}
}

// cancel ends a stream early. The stream must still be closed.
func (c *conn) cancel(stream *result) { c.lib.cancelQuery(c.handle, stream.handle) }

// inserting is an insert whose data is handed over in pieces.
type inserting struct {
	lib    *library
	handle uintptr
}

// insert starts an insert. sql is the statement up to, and without, FORMAT.
func (c *conn) insert(sql, format string, params []param) (*inserting, error) {
	b := bind(params)
	defer b.pin.Unpin()
	h := c.lib.insert(c.handle, stringPointer(sql), uintptr(len(sql)), stringPointer(format), uintptr(len(format)), b.pNames, b.pNLen, b.pValues, b.pVLn, uintptr(len(params)))
	runtime.KeepAlive(b)
	runtime.KeepAlive(sql)
	in := &inserting{c.lib, h}
	if err := in.err(); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (in *inserting) err() error {
	if in.handle == 0 {
		return errors.New("the engine library gave no insert")
	}
	if text := in.lib.insertError(in.handle); text != "" {
		return newException(text)
	}
	return nil
}

// Write hands over data; it may block while the engine is behind.
func (in *inserting) Write(data []byte) (int, error) {
	if len(data) == 0 {
		return 0, nil
	}
	if in.lib.insertAppend(in.handle, unsafe.Pointer(&data[0]), uintptr(len(data))) != 0 {
		if err := in.err(); err != nil {
			return 0, err
		}
		return 0, newException("the engine stopped taking data for this insert")
	}
	return len(data), nil
}

// done ends the data and stores it. The result must be closed.
func (in *inserting) done() *result { return &result{in.lib, in.lib.insertDone(in.handle)} }

// cancel gives the insert up; what was already stored of it stays.
func (in *inserting) cancel() { in.lib.insertCancel(in.handle) }

func (in *inserting) close() {
	if in.handle != 0 {
		in.lib.insertDestroy(in.handle)
		in.handle = 0
	}
}

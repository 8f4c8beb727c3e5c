package issue

// key is where a detector's memory of a stream is kept. Unlike Of it
// does not go by the detector, whose declaration would refer to itself.
type key[T any] int

var keys int

func newKey[T any]() key[T] {
	keys++
	return key[T](keys - 1)
}

// of returns the memory, made at first use: only where something is wrong, so
// that a stream in which nothing is costs nothing.
func (k key[T]) of(s *Stream) *T {
	if m := k.peek(s); m != nil {
		return m
	}
	if s.kept == nil {
		s.kept = make([]any, keys)
	}
	m := new(T)
	s.kept[k] = m
	return m
}

// peek returns the memory, nil while there is none.
func (k key[T]) peek(s *Stream) *T {
	if s.kept == nil {
		return nil
	}
	m, _ := s.kept[k].(*T)
	return m
}

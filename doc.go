// Package peerglass holds no code: its tests keep the shape of the tree, which
// packages may import which. ARCHITECTURE.md says where things go.
package peerglass

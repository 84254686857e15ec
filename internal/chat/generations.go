package chat

// generations is a map of bounded size: when its young generation is full, the old one
// is dropped. What is asked for becomes young again.
type generations[K comparable, V any] struct {
	size       int // of one generation
	young, old map[K]V
}

func (g *generations[K, V]) get(key K) (V, bool) {
	if v, ok := g.young[key]; ok {
		return v, true
	}
	v, ok := g.old[key]
	if ok {
		g.put(key, v)
	}
	return v, ok
}

func (g *generations[K, V]) put(key K, v V) {
	if _, known := g.young[key]; g.young == nil || !known && len(g.young) >= g.size {
		g.old, g.young = g.young, make(map[K]V)
	}
	g.young[key] = v
}

package engine

import (
	"runtime"
	"strconv"
)

const mib = int64(1) << 20

// plan divides the child's memory and processor between what it does.
//
// A query that meets its own limit fails alone; when the whole process meets
// its limit, everything may fail for seconds, even a count. So heavy queries,
// which do use their share, get half of the memory all together. The shares of
// cheap queries and inserts are ceilings that few of them come near; the rest
// is for merges, caches and the library itself (about 200 MiB when idle).
type plan struct {
	total int64 // bytes, for the process
	lanes [laneCount]laneplan
}

type laneplan struct {
	connections int
	memory      int64 // bytes, per query
	threads     int   // per query
}

// newPlan makes the plan for a limit in bytes; 0 takes a quarter of the
// machine's memory, between 1.5 and 8 GiB. Less than 768 MiB is raised to that.
func newPlan(limit int64) plan {
	if limit <= 0 {
		limit = min(max(machineMemory()/4, 1536*mib), 8192*mib)
	}
	limit = max(limit, 768*mib)
	free := limit - 256*mib
	cores := runtime.NumCPU()
	p := plan{total: limit}
	heavy := min(max(cores, 2), 4)
	p.lanes[laneHeavy] = laneplan{heavy, free / 2 / int64(heavy), cores}
	p.lanes[laneCheap] = laneplan{6, free / 8, min(cores, 4)}
	p.lanes[laneInsert] = laneplan{4, free / 8, 1}
	return p
}

// serverOptions are the options of the whole process, given to the connection
// that starts the engine.
func (p plan) serverOptions() []string {
	cache := max(p.total/16, 32*mib)
	return []string{
		"--max_server_memory_usage=" + strconv.FormatInt(p.total, 10),
		"--merges_mutations_memory_usage_soft_limit=" + strconv.FormatInt(p.total/4, 10),
		"--mark_cache_size=" + strconv.FormatInt(cache, 10),
		"--index_mark_cache_size=" + strconv.FormatInt(cache/4, 10),
		"--primary_index_cache_size=" + strconv.FormatInt(cache, 10),
		"--query_condition_cache_size=" + strconv.FormatInt(cache/4, 10),
		"--uncompressed_cache_size=0",
		"--mmap_cache_size=0",
		"--compiled_expression_cache_size=" + strconv.FormatInt(16*mib, 10),
	}
}

// settings are the defaults of the connections of a lane, by name.
func (l laneplan) settings() map[string]string {
	bytes := func(n int64) string { return strconv.FormatInt(n, 10) }
	return map[string]string{
		"max_memory_usage": bytes(l.memory),
		// Past a quarter of its share a query sorts and groups on disk. (At half
		// the doubling of a hash table on each thread can meet the limit first.)
		"max_bytes_before_external_group_by": bytes(l.memory / 4),
		"max_bytes_before_external_sort":     bytes(l.memory / 4),
		// Its default, 100 MiB, would keep a query with a small share from
		// ever beginning to.
		"min_external_sort_block_bytes": bytes(l.memory / 16),
		"max_threads":                   strconv.Itoa(l.threads),
		// An insert is one block and so all or nothing in one partition, as
		// long as it is not larger than this.
		"max_insert_block_size": "1048576",
	}
}

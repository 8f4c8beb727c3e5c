package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/peerglass/peerglass/quality"
	"github.com/peerglass/peerglass/rtc"
	"github.com/peerglass/peerglass/store/clickhouse"
)

//go:embed schema/*.sql
var schemaFiles embed.FS

// migrate applies the schema files that were not applied yet, in order, and
// adds the columns of metrics that are new. Every statement may be repeated:
// a start that was interrupted is finished by the next.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.migrateFiles(ctx); err != nil {
		return fmt.Errorf("bring the store's schema up to date: %w", err)
	}
	err := s.db.Exec(ctx, clickhouse.Question{SQL: addMetrics(), Cheap: true})
	if err == nil {
		err = s.db.Exec(ctx, clickhouse.Question{SQL: addIntervalMetrics(), Cheap: true})
	}
	if err == nil {
		err = s.checkSteps(ctx)
	}
	if err == nil {
		err = s.db.Exec(ctx, clickhouse.Question{SQL: measurements(), Cheap: true})
	}
	if err != nil {
		return fmt.Errorf("add metrics to the store's schema: %w", err)
	}
	return nil
}

func (s *Store) migrateFiles(ctx context.Context) error {
	const record = `CREATE TABLE IF NOT EXISTS schema_versions
		(version UInt32, file String, applied DateTime DEFAULT now())
		ENGINE = ReplacingMergeTree ORDER BY version`
	if err := s.db.Exec(ctx, clickhouse.Question{SQL: record, Cheap: true}); err != nil {
		return err
	}
	applied := map[uint32]bool{}
	var version proto.ColUInt32
	err := s.db.Select(ctx, clickhouse.Question{SQL: "SELECT version FROM schema_versions", Cheap: true},
		proto.Results{{Data: &version}}, func(int) error {
			for _, v := range version {
				applied[v] = true
			}
			return nil
		})
	if err != nil {
		return err
	}
	files, err := schema()
	if err != nil {
		return err
	}
	for _, f := range files {
		if applied[f.version] {
			continue
		}
		if len(applied) > 0 { // of an earlier release: what it holds may be much
			s.o.Log.Info("what is stored is brought up to this release's schema; with millions of calls that takes minutes", "file", f.name)
		}
		for _, statement := range f.statements {
			if err := s.db.Exec(ctx, clickhouse.Question{SQL: statement, Cheap: true}); err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
		}
		done := clickhouse.Question{Cheap: true,
			SQL:    "INSERT INTO schema_versions (version, file) SELECT {version:UInt32}, {file:String}",
			Params: []clickhouse.Param{clickhouse.Uint("version", f.version), clickhouse.String("file", f.name)}}
		if err := s.db.Exec(ctx, done); err != nil {
			return fmt.Errorf("record %s: %w", f.name, err)
		}
	}
	return nil
}

type schemaFile struct {
	version    uint32
	name       string
	statements []string
}

// schema reads the embedded files, in order of their numbers. A statement ends
// with a semicolon at the end of a line.
func schema() ([]schemaFile, error) {
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil {
		return nil, err
	}
	var files []schemaFile
	for _, name := range names {
		number, _, _ := strings.Cut(path.Base(name), "_")
		version, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("schema file %s does not begin with a number", name)
		}
		text, err := schemaFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		f := schemaFile{version: uint32(version), name: path.Base(name)}
		for _, statement := range strings.Split(string(text), ";\n") {
			if statement = strings.TrimSpace(statement); statement != "" {
				f.statements = append(f.statements, statement)
			}
		}
		files = append(files, f)
	}
	return files, nil
}

func rowWriter[T any](s *Store, table string, columns []column[T]) *writer[*rowBuffer[T]] {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return newWriter(s, table, names, newRowBuffer[T], encodeRows(columns))
}

// SampleColumns names the columns of a sample, those of the metrics last.
func SampleColumns() []string {
	names := append([]string(nil), fixedSampleColumns...)
	for _, m := range quality.Catalogue() {
		names = append(names, "n_"+m.ID)
	}
	return names
}

// OpenCalls returns the calls of all apps that have not ended, as they were
// last written: after a crash, those that rooms must take up or end.
func (s *Store) OpenCalls(ctx context.Context) ([]rtc.Call, error) {
	const ask = `SELECT app, call, room, room_name, toUnixTimestamp64Milli(start), users, sessions, peak, version
		FROM calls FINAL WHERE end = 0 ORDER BY app, call`
	var (
		app, users, sessions, peak proto.ColUInt32
		call, version              proto.ColUInt64
		start                      proto.ColInt64
		room, roomName             proto.ColStr
		open                       []rtc.Call
	)
	columns := proto.Results{{Data: &app}, {Data: &call}, {Data: &room}, {Data: &roomName}, {Data: &start},
		{Data: &users}, {Data: &sessions}, {Data: &peak}, {Data: &version}}
	err := s.db.Select(ctx, clickhouse.Question{SQL: ask}, columns, func(rows int) error {
		for i := range rows {
			open = append(open, rtc.Call{
				App: rtc.AppID(app[i]), ID: rtc.CallID(call[i]), Room: room.Row(i), RoomName: roomName.Row(i),
				Start: unixTime(start[i]), Users: int(users[i]), Sessions: int(sessions[i]), Peak: int(peak[i]), Version: version[i],
			})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find the calls in progress: %w", err)
	}
	return open, nil
}

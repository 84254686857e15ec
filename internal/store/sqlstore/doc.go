// Package sqlstore implements chat.Store on SQL databases. One set of queries
// serves every engine; what engines disagree on is in a Dialect and in its
// folder of migrations, nowhere else: it may have words of its own for a query. SQLite
// belongs to one process; several may share a PostgreSQL, MariaDB or MySQL.
//
// All writes go through one goroutine. What arrives while it commits shares the
// next commit (see batch): the disk's sync, which costs more than everything
// else together, is paid once for all of them, and no timer makes a lone writer
// wait. Reads have connections of their own and never wait for a write.
package sqlstore

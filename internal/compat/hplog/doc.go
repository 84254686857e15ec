// Package hplog reads and writes hp_chat_log, the table of the PHP chat: what it
// holds becomes messages here, and messages become its rows again for reports that
// still read them.
//
// The table is what years of a shop left in it. A row that is not what it should be
// is kept as what can be read of it, with a notice, and listed with its id; one that
// belongs to nobody is refused and listed. Of every row it is said what became of it.
package hplog

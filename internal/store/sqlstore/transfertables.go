package sqlstore

import "strings"

// The tables, as every engine has them. What is not here is not copied: codes that are
// good for a minute, tokens that others lend, and the search, which is made anew. A
// table that a migration adds goes into one of these lists; a test compares them with
// the database.

// flatTables are those that refer to no other.
func flatTables() []*table {
	return []*table{
		{name: "participants", key: []string{"uid"}, texts: named("uid name name_fold avatar"), numbers: named("pos known revoked_at")},
		{
			name: "products", key: []string{"id"}, texts: named("id merchant title title_fold currency image url kind"),
			numbers: named("amount stock deleted"),
		},
		{
			name: "files", key: []string{"id"}, texts: named("id uploader agent key type preview conversation"),
			numbers: named("bytes width height created_at"), blobs: named("hash"),
		},
		{name: "recalled_files", key: []string{"id"}, texts: named("id")},
		{name: "ended_logins", key: []string{"id"}, texts: named("id"), numbers: named("expires_at")},
		{name: "phrases", key: named("merchant agent id"), texts: named("merchant agent id title body"), numbers: named("place")},
		{name: "shop_settings", key: []string{"merchant"}, texts: named("merchant value"), numbers: named("version")},
		{name: "reports", key: []string{"num"}, texts: named("conversation reporter agent reason"), numbers: named("num seq reported_at")},
	}
}

// conversationTable is that of the conversations. How far they are indexed is left out.
func conversationTable() *table {
	return &table{
		name: "conversations", key: []string{"num"}, texts: named("id buyer merchant product"),
		numbers: named("num last_seq rev created_at last_at " +
			"buyer_total buyer_delivered buyer_read buyer_seen buyer_unread buyer_has_unread buyer_pos buyer_blocked " +
			"buyer_waiting buyer_pinned buyer_muted buyer_marked " +
			"merchant_total merchant_delivered merchant_read merchant_seen merchant_unread merchant_has_unread merchant_pos merchant_blocked " +
			"merchant_waiting merchant_pinned merchant_muted merchant_marked"),
	}
}

// withinTables are those of what is in a conversation.
func withinTables() []*table {
	return []*table{
		{
			name: "messages", key: named("conversation seq"), texts: named("agent agent_name nonce blocks auto"),
			numbers: named("conversation seq rev side ordinal sent_at recipient_online recalled_at"), blobs: named("hash"),
		},
		{name: "messages_with_images", key: named("conversation seq"), numbers: named("conversation seq")},
		{name: "recalls", key: named("conversation rev"), numbers: named("conversation rev seq")},
		{name: "conversation_products", key: named("conversation product"), texts: named("product"), numbers: named("conversation first_at last_at")},
		{
			name: "outbox", key: named("conversation side"), texts: named("lease id"),
			numbers: named("conversation side due_at told seq made_at tried_at attempts"),
		},
	}
}

// lastTables refer to what is in conversations.
func lastTables() []*table {
	return []*table{
		{name: "legacy_numbers", key: []string{"num"}, numbers: named("num conversation seq")},
		{
			name: "undelivered", key: []string{"num"}, texts: named("id failure"),
			numbers: named("num conversation side seq made_at tried_at failed_at attempts told"),
		},
	}
}

func named(names string) []string { return strings.Fields(names) }

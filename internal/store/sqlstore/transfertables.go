package sqlstore

import "strings"

// The tables, as every engine has them. What is not here is not copied: codes that are
// good for a minute, tokens that others lend, and the search, which is made anew. A
// table that a migration adds goes into one of these lists; a test compares them with
// the database.

// flatTables are those that refer to no other.
func flatTables() []*table {
	return []*table{
		{name: "participants", key: []string{"uid"}, texts: words("uid name name_fold avatar"), numbers: words("pos known revoked_at")},
		{
			name: "products", key: []string{"id"}, texts: words("id merchant title title_fold currency image url kind"),
			numbers: words("amount stock deleted"),
		},
		{
			name: "files", key: []string{"id"}, texts: words("id uploader agent key type preview conversation"),
			numbers: words("bytes width height created_at"), blobs: words("hash"),
		},
		{name: "recalled_files", key: []string{"id"}, texts: words("id")},
		{name: "ended_logins", key: []string{"id"}, texts: words("id"), numbers: words("expires_at")},
		{name: "phrases", key: words("merchant agent id"), texts: words("merchant agent id title body"), numbers: words("place")},
		{name: "shop_settings", key: []string{"merchant"}, texts: words("merchant value"), numbers: words("version")},
		{name: "reports", key: []string{"num"}, texts: words("conversation reporter agent reason"), numbers: words("num seq reported_at")},
	}
}

// conversationTable is that of the conversations. How far they are indexed is left out.
func conversationTable() *table {
	return &table{
		name: "conversations", key: []string{"num"}, texts: words("id buyer merchant product"),
		numbers: words("num last_seq rev created_at last_at " +
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
			name: "messages", key: words("conversation seq"), texts: words("agent agent_name nonce blocks auto"),
			numbers: words("conversation seq rev side ordinal sent_at recipient_online recalled_at"), blobs: words("hash"),
		},
		{name: "messages_with_images", key: words("conversation seq"), numbers: words("conversation seq")},
		{name: "recalls", key: words("conversation rev"), numbers: words("conversation rev seq")},
		{name: "conversation_products", key: words("conversation product"), texts: words("product"), numbers: words("conversation first_at last_at")},
		{
			name: "outbox", key: words("conversation side"), texts: words("lease id"),
			numbers: words("conversation side due_at told seq made_at tried_at attempts"),
		},
	}
}

// lastTables refer to what is in conversations.
func lastTables() []*table {
	return []*table{
		{name: "legacy_numbers", key: []string{"num"}, numbers: words("num conversation seq")},
		{
			name: "undelivered", key: []string{"num"}, texts: words("id failure"),
			numbers: words("num conversation side seq made_at tried_at failed_at attempts told"),
		},
	}
}

func words(names string) []string { return strings.Fields(names) }

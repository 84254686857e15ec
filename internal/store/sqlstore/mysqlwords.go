package sqlstore

// mysqlWords are what MySQL and MariaDB have to be told in another way. They have no
// RETURNING, no partial indexes, and read no stretch of an index for a comparison of
// rows; a list is unfolded by JSON_TABLE, whose column is compared as bytes, as what it is
// compared with is. STRAIGHT_JOIN and FORCE INDEX take the choice from the optimizer:
// every query walks a stretch of an index, whatever it believes of the tables' sizes.
func mysqlWords() *words {
	w := &words{passing: "search_words", own: map[string]string{
		insertSetting:      mysqlInsertSetting,
		replaceSetting:     mysqlReplaceSetting,
		putLoginCode:       mysqlPutLoginCode,
		insertReport:       mysqlInsertReport,
		insertRecalledFile: mysqlInsertRecalledFile,
		insertEndedLogin:   mysqlInsertEndedLogin,
		putParticipant:     mysqlPutParticipant,
		revokeParticipant:  mysqlRevokeParticipant,
		putPhrase:          mysqlPutPhrase,
		putProduct:         mysqlPutProduct,
		insertShopSettings: mysqlInsertShopSettings,
		putTicket:          mysqlPutTicket,
		leaseTicket:        mysqlLeaseTicket,
		reviveReminder:     mysqlReviveReminder,

		selectEpochAndPositions: mysqlEpochAndPositions,
		selectFiles:             mysqlFilesOf,
		selectParticipants:      mysqlParticipants,
		selectProducts:          mysqlProducts,
		selectUnindexed:         mysqlUnindexed,
		selectDueReminders:      mysqlDueReminders,
		selectUndelivered:       mysqlUndelivered,

		selectMessagesWithImages: mysqlMessagesWithImages,
		selectMessageOfBuyer:     mysqlMessageOfBuyer,
		selectRecallsAfter:       mysqlRecallsAfter,

		selectNumbers:      mysqlNumbers,
		selectKnownNumbers: mysqlKnownNumbers,
		countImported:      mysqlCountImported,
		numberRest:         mysqlNumberRest,
		selectStep:         mysqlStep,
		selectNumbered:     mysqlNumbered,

		selectProductsOf + ofLaterTitle + byTitle:           mysqlLaterProducts + mysqlByTitle,
		selectProductsOf + ofLaterTitle + ofTitle + byTitle: mysqlLaterProducts + mysqlOfTitle + mysqlByTitle,
	}}
	w.putSides(selectAcquainted, mysqlAcquainted)
	w.putSides(selectChangedSince, mysqlChangedSince)
	w.putSides(selectUnread, mysqlUnread)
	return w
}

// texts is a list of strings as the rows k.
const texts = `JSON_TABLE(?, '$[*]' COLUMNS (value VARCHAR(256) CHARACTER SET utf8mb4 PATH '$')) k`

// numbers is a list of numbers as the rows k.
const numbers = `JSON_TABLE(?, '$[*]' COLUMNS (value BIGINT PATH '$')) k`

const mysqlInsertSetting = `
INSERT INTO settings (name, value)
VALUES (?, ?)
ON DUPLICATE KEY UPDATE name = name`

const mysqlReplaceSetting = `
INSERT INTO settings (name, value)
VALUES (?, ?)
ON DUPLICATE KEY UPDATE value = VALUES(value)`

const mysqlPutLoginCode = `
INSERT INTO login_codes (hash, uid, agent, agent_name, expires_at)
VALUES (?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE hash = hash`

const mysqlInsertReport = `
INSERT INTO reports (conversation, reporter, agent, seq, reported_at, reason)
VALUES (?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE num = num`

const mysqlInsertRecalledFile = `
INSERT INTO recalled_files (id)
VALUES (?)
ON DUPLICATE KEY UPDATE id = id`

const mysqlInsertEndedLogin = `
INSERT INTO ended_logins (id, expires_at)
VALUES (?, ?)
ON DUPLICATE KEY UPDATE id = id`

const mysqlPutParticipant = `
INSERT INTO participants (uid, known, name, name_fold, avatar)
VALUES (?, 1, ?, ?, ?)
ON DUPLICATE KEY UPDATE known = 1, name = VALUES(name), name_fold = VALUES(name_fold), avatar = VALUES(avatar)`

const mysqlRevokeParticipant = `
INSERT INTO participants (uid, revoked_at)
VALUES (?, ?)
ON DUPLICATE KEY UPDATE revoked_at = GREATEST(revoked_at, VALUES(revoked_at))`

const mysqlPutPhrase = `
INSERT INTO phrases (merchant, agent, id, title, body, place)
VALUES (?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE title = VALUES(title), body = VALUES(body), place = VALUES(place)`

const mysqlPutProduct = `
INSERT INTO products (id, merchant, title, title_fold, amount, currency, image, url, kind, stock, deleted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE
  merchant = VALUES(merchant), title = VALUES(title), title_fold = VALUES(title_fold), amount = VALUES(amount),
  currency = VALUES(currency), image = VALUES(image), url = VALUES(url),
  kind = VALUES(kind), stock = VALUES(stock), deleted = VALUES(deleted)`

const mysqlInsertShopSettings = `
INSERT INTO shop_settings (merchant, version, value)
VALUES (?, 1, ?)
ON DUPLICATE KEY UPDATE merchant = merchant`

const mysqlPutTicket = `
INSERT INTO tickets (name, value, expires_at, leased_until)
VALUES (?, ?, ?, 0)
ON DUPLICATE KEY UPDATE value = VALUES(value), expires_at = VALUES(expires_at), leased_until = 0`

const mysqlLeaseTicket = `
INSERT INTO tickets (name, value, expires_at, leased_until)
VALUES (?, '', 0, ?)
ON DUPLICATE KEY UPDATE leased_until = IF(leased_until <= ?, VALUES(leased_until), leased_until)`

const mysqlReviveReminder = `
INSERT INTO outbox (conversation, side, due_at, lease, told, id, seq, made_at, tried_at, attempts)
VALUES (?, ?, ?, '', ?, ?, ?, ?, 0, 0)
ON DUPLICATE KEY UPDATE told = LEAST(told, VALUES(told))`

const mysqlAcquainted = `
SELECT STRAIGHT_JOIN c.theirs
FROM JSON_TABLE($2, '$[*]' COLUMNS (value VARCHAR(256) CHARACTER SET utf8mb4 PATH '$')) k
JOIN conversations c FORCE INDEX (conversations_between) ON c.mine = $1 AND c.theirs = k.value`

const mysqlEpochAndPositions = `
SELECT '' AS uid, 0 AS pos, value
FROM settings
WHERE name = 'epoch'
UNION ALL
SELECT STRAIGHT_JOIN p.uid, p.pos, NULL
FROM ` + texts + `
JOIN participants p FORCE INDEX (PRIMARY) ON p.uid = k.value`

const mysqlFilesOf = `
SELECT STRAIGHT_JOIN` + fileColumns + `
FROM ` + texts + `
JOIN files FORCE INDEX (PRIMARY) ON id = k.value`

const mysqlParticipants = `
SELECT STRAIGHT_JOIN uid, name, avatar, revoked_at
FROM ` + texts + `
JOIN participants FORCE INDEX (PRIMARY) ON uid = k.value
WHERE known = 1 OR revoked_at > 0`

const mysqlProducts = `
SELECT STRAIGHT_JOIN` + productColumns + `
FROM ` + texts + `
JOIN products FORCE INDEX (PRIMARY) ON id = k.value`

const (
	// The product that the page begins after is looked up first.
	mysqlLaterProducts = `
SELECT STRAIGHT_JOIN p.id, p.merchant, p.title, p.amount, p.currency, p.image, p.url, p.kind, p.stock, p.deleted
FROM products a
JOIN products p FORCE INDEX (products_title) ON p.title_fold > a.title_fold OR p.title_fold = a.title_fold AND p.id > a.id
WHERE p.merchant = ? AND p.deleted = 0 AND a.id = ?`

	mysqlOfTitle = ` AND p.title_fold LIKE ? ESCAPE '!'`

	mysqlByTitle = `
ORDER BY p.title_fold, p.id
LIMIT ?`
)

const mysqlUnindexed = `
SELECT c.num, c.id, c.buyer, c.merchant, c.indexed_seq, c.last_seq
FROM conversations c FORCE INDEX (conversations_unindexed)
WHERE c.unindexed_at >= 0
ORDER BY c.unindexed_at DESC
LIMIT ?`

const mysqlDueReminders = `
SELECT STRAIGHT_JOIN c.num, c.id, o.side, o.due_at, o.lease, o.told, o.id, o.seq, o.made_at, o.tried_at, o.attempts
FROM outbox o FORCE INDEX (outbox_due_at)
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = o.conversation
WHERE o.due_at <= ?
ORDER BY o.due_at
LIMIT ?`

const mysqlUndelivered = `
SELECT STRAIGHT_JOIN u.num, u.id, c.id, c.buyer, c.merchant, u.side, u.seq, u.made_at, u.tried_at, u.failed_at, u.attempts, u.failure
FROM undelivered u FORCE INDEX (PRIMARY)
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = u.conversation
WHERE u.num > ?
ORDER BY u.num
LIMIT ?`

const mysqlMessagesWithImages = `
SELECT STRAIGHT_JOIN c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
JOIN messages_with_images i FORCE INDEX (PRIMARY) ON i.conversation = c.num
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = i.conversation AND m.seq = i.seq
WHERE c.id = ? AND i.seq < ?
ORDER BY i.seq DESC
LIMIT ?`

const mysqlMessageOfBuyer = `
SELECT STRAIGHT_JOIN c.id, c.buyer, c.merchant,` + messageColumns + `
FROM messages m FORCE INDEX (messages_nonce)
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = m.conversation
WHERE c.buyer = $1 AND m.side = 0 AND m.nonce = $2
ORDER BY c.buyer_pos
LIMIT 1`

const mysqlRecallsAfter = `
SELECT STRAIGHT_JOIN c.buyer, c.merchant, m.side, r.seq, r.rev, m.recalled_at
FROM conversations c
JOIN recalls r FORCE INDEX (PRIMARY) ON r.conversation = c.num
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = r.conversation AND m.seq = r.seq
WHERE c.id = ? AND r.rev > ?
ORDER BY r.rev
LIMIT ?`

const mysqlNumbers = `
SELECT STRAIGHT_JOIN n.seq, n.num
FROM conversations c
JOIN ` + numbers + `
JOIN legacy_numbers n FORCE INDEX (legacy_numbers_message) ON n.conversation = c.num AND n.seq = k.value
WHERE c.id = ?`

const mysqlKnownNumbers = `
SELECT STRAIGHT_JOIN n.num, c.buyer, c.merchant, m.side, m.sent_at
FROM ` + numbers + `
JOIN legacy_numbers n FORCE INDEX (PRIMARY) ON n.num = k.value
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = n.conversation
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = n.conversation AND m.seq = n.seq`

const mysqlCountImported = `
SELECT STRAIGHT_JOIN n.conversation, count(*)
FROM ` + numbers + `
JOIN legacy_numbers n FORCE INDEX (legacy_numbers_message) ON n.conversation = k.value
WHERE n.num < ?
GROUP BY n.conversation`

const mysqlNumberRest = `
INSERT INTO legacy_numbers (num, conversation, seq)
SELECT (SELECT coalesce(max(num), $1) FROM legacy_numbers WHERE num >= $2) + row_number() OVER (ORDER BY m.conversation, m.seq), m.conversation, m.seq
FROM (
  SELECT conversation, seq
  FROM messages FORCE INDEX (PRIMARY)
  WHERE conversation BETWEEN $3 AND $5 AND (conversation > $3 OR seq > $4) AND (conversation < $5 OR seq <= $6)
) m
LEFT JOIN legacy_numbers n ON n.conversation = m.conversation AND n.seq = m.seq
WHERE n.num IS NULL`

const mysqlStep = `
SELECT conversation, seq
FROM (
  SELECT conversation, seq
  FROM messages FORCE INDEX (PRIMARY)
  WHERE conversation > $1 OR conversation = $1 AND seq > $2
  ORDER BY conversation, seq
  LIMIT $3
) step
ORDER BY conversation DESC, seq DESC
LIMIT 1`

const mysqlNumbered = `
SELECT STRAIGHT_JOIN n.num, c.id, c.buyer, c.merchant, c.buyer_read, c.merchant_read,` + messageColumns + `
FROM legacy_numbers n FORCE INDEX (PRIMARY)
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = n.conversation
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = n.conversation AND m.seq = n.seq
WHERE n.num > ?
ORDER BY n.num
LIMIT ?`

const mysqlChangedSince = `
SELECT STRAIGHT_JOIN` + conversationColumns + `,` + messageColumns + `
FROM conversations c FORCE INDEX (conversations_mine_pos)
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = ? AND c.mine_pos > ?
ORDER BY c.mine_pos
LIMIT ?`

const mysqlUnread = `
SELECT COUNT(*), CAST(COALESCE(SUM(c.mine_unread), 0) AS SIGNED)
FROM conversations c FORCE INDEX (conversations_mine_inbox)
WHERE c.mine = ? AND c.mine_has_unread = 1 AND c.mine_muted = 0`

// Each is the stretches of an index that follow where the last page ended.
const (
	mysqlInState = `
SELECT STRAIGHT_JOIN` + conversationColumns + `,` + messageColumns + `
FROM conversations c FORCE INDEX (conversations_mine_inbox)
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = $1 AND (c.last_at < $3 OR c.last_at = $3 AND c.id < $4)`

	mysqlWaiting = `
SELECT STRAIGHT_JOIN` + conversationColumns + `,` + messageColumns + `
FROM conversations c FORCE INDEX (conversations_mine_waiting)
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = $1 AND (c.mine_waiting_at < $3 OR c.mine_waiting_at = $3 AND c.id < $4)`

	mysqlPinned = `
SELECT STRAIGHT_JOIN` + conversationColumns + `,` + messageColumns + `
FROM conversations c FORCE INDEX (conversations_mine_pinned)
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = $1 AND (c.mine_pinned_at < $3 OR c.mine_pinned_at = $3 AND c.id < $4)`

	mysqlUnreadFirst = `
SELECT STRAIGHT_JOIN` + conversationColumns + `,` + messageColumns + `
FROM conversations c FORCE INDEX (conversations_mine_inbox)
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = $1
  AND (c.mine_has_unread < $2 OR c.mine_has_unread = $2 AND c.last_at < $3 OR c.mine_has_unread = $2 AND c.last_at = $3 AND c.id < $4)`

	mysqlByWaiting = `
ORDER BY c.mine_waiting_at DESC, c.id DESC
LIMIT $7`

	mysqlByPinned = `
ORDER BY c.mine_pinned_at DESC, c.id DESC
LIMIT $7`

	mysqlNewestFirst = `
ORDER BY c.last_at DESC, c.id DESC
LIMIT $7`
)

func mysqlInbox() inbox {
	in := commonInbox()
	in.unread, in.read = stretch{mysqlInState + ofUnread, mysqlNewestFirst}, stretch{mysqlInState + ofRead, mysqlNewestFirst}
	in.waiting, in.pinned = stretch{mysqlWaiting, mysqlByWaiting}, stretch{mysqlPinned, mysqlByPinned}
	in.unreadFirst.of = mysqlUnreadFirst
	in.apart = true
	return in
}

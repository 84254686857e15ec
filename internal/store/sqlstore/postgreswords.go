package sqlstore

// postgresWords are what PostgreSQL has to be told in another way.
func postgresWords() *words {
	w := &words{numbered: true, own: map[string]string{
		selectEpochAndPositions: postgresEpochAndPositions,
		selectFiles:             postgresFilesOf,
		selectParticipants:      postgresParticipants,
		selectProducts:          postgresProducts,

		selectMessagesAfter:      postgresMessagesAfter,
		selectMessagesBefore:     postgresMessagesBefore,
		selectMessagesWithImages: postgresMessagesWithImages,
		selectRecallsAfter:       postgresRecallsAfter,

		selectNumbers:      postgresNumbers,
		selectKnownNumbers: postgresKnownNumbers,
		countImported:      postgresCountImported,
	}}
	w.putSides(selectAcquainted, postgresAcquainted)
	return w
}

// ofList is that something is among the strings of a list.
const ofList = ` = ANY (ARRAY(SELECT jsonb_array_elements_text(?::jsonb)))`

const postgresAcquainted = `
SELECT c.theirs
FROM conversations c
WHERE c.mine = ? AND c.theirs` + ofList

const postgresEpochAndPositions = `
SELECT '' AS uid, 0 AS pos, value
FROM settings
WHERE name = 'epoch'
UNION ALL
SELECT uid, pos, NULL
FROM participants
WHERE uid` + ofList

const postgresFilesOf = `
SELECT` + fileColumns + `
FROM files
WHERE id` + ofList

const postgresParticipants = `
SELECT uid, name, avatar, revoked_at
FROM participants
WHERE uid` + ofList + ` AND (known = 1 OR revoked_at > 0)`

const postgresProducts = `
SELECT` + productColumns + `
FROM products
WHERE id` + ofList

// Pages of one conversation are cut inside: the planner does not see that there is one
// conversation only, and would read all of it and sort.
const postgresMessagesAfter = `
SELECT c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
CROSS JOIN LATERAL (
  SELECT *
  FROM messages s
  WHERE s.conversation = c.num AND s.seq > $2
  ORDER BY s.seq
  LIMIT $3
) m
WHERE c.id = $1
ORDER BY m.seq`

const postgresMessagesBefore = `
SELECT c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
CROSS JOIN LATERAL (
  SELECT *
  FROM messages s
  WHERE s.conversation = c.num AND s.seq < $2
  ORDER BY s.seq DESC
  LIMIT $3
) m
WHERE c.id = $1
ORDER BY m.seq DESC`

const postgresMessagesWithImages = `
SELECT c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
CROSS JOIN LATERAL (
  SELECT *
  FROM messages_with_images s
  WHERE s.conversation = c.num AND s.seq < $2
  ORDER BY s.seq DESC
  LIMIT $3
) i
JOIN messages m ON m.conversation = i.conversation AND m.seq = i.seq
WHERE c.id = $1
ORDER BY i.seq DESC`

const postgresRecallsAfter = `
SELECT c.buyer, c.merchant, m.side, r.seq, r.rev, m.recalled_at
FROM conversations c
CROSS JOIN LATERAL (
  SELECT *
  FROM recalls s
  WHERE s.conversation = c.num AND s.rev > $2
  ORDER BY s.rev
  LIMIT $3
) r
JOIN messages m ON m.conversation = r.conversation AND m.seq = r.seq
WHERE c.id = $1
ORDER BY r.rev`

const postgresNumbers = `
SELECT n.seq, n.num
FROM conversations c
CROSS JOIN jsonb_array_elements_text(?::jsonb) k(value)
JOIN legacy_numbers n ON n.conversation = c.num AND n.seq = CAST(k.value AS BIGINT)
WHERE c.id = ?`

const postgresKnownNumbers = `
SELECT n.num, c.buyer, c.merchant, m.side, m.sent_at
FROM jsonb_array_elements_text(?::jsonb) k(value)
JOIN legacy_numbers n ON n.num = CAST(k.value AS BIGINT)
JOIN conversations c ON c.num = n.conversation
JOIN messages m ON m.conversation = n.conversation AND m.seq = n.seq`

const postgresCountImported = `
SELECT n.conversation, count(*)
FROM jsonb_array_elements_text(?::jsonb) k(value)
JOIN legacy_numbers n ON n.conversation = CAST(k.value AS BIGINT)
WHERE n.num < ?
GROUP BY n.conversation`

// An OFFSET keeps the planner from beginning with what the filter is about, of all shops.
const (
	postgresOfProduct = ` AND EXISTS (SELECT 1 FROM conversation_products p WHERE p.conversation = c.num AND p.product = $5 OFFSET 0)`

	postgresOfNamed = ` AND EXISTS (SELECT 1 FROM participants p WHERE p.uid = c.theirs AND p.name_fold LIKE $6 ESCAPE '!' OFFSET 0)`
)

// postgresInbox cuts the two halves of a list each: the planner would read both to their
// ends.
func postgresInbox() inbox {
	in := commonInbox()
	in.ofProduct, in.ofNamed, in.apart = postgresOfProduct, postgresOfNamed, true
	return in
}

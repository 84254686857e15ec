<?php
/**
 * Haggle for a shop's PHP: says who is asking, tells what is for sale, and puts
 * the chat on a page. One file, PHP 7.0 or newer, nothing else needed; with the
 * curl extension requests go through that, without it through PHP's streams.
 *
 *     require 'Haggle.php';
 *     $haggle = new Haggle([
 *         'url'     => 'https://chat.example.com',
 *         'secret'  => getenv('HAGGLE_TOKEN_SECRET'),
 *         'api_key' => getenv('HAGGLE_API_KEY'),
 *     ]);
 *
 * All text is UTF-8. Whatever does not work is a HaggleException.
 *
 * Licensed under the Apache License, Version 2.0.
 */
class Haggle
{
    /** The cookie by which the old chat's pages say who they are. */
    const COOKIE = 'haggle_token';

    /** A token lives for at most a day, in seconds. */
    const LONGEST = 86400;

    /** Lines of one bulk request. */
    const BULK_LINES = 1000;

    /** Buyers of one request for codes. */
    const CODES = 100;

    /** Seconds after which a webhook may be somebody's repeat of what was overheard. */
    const WEBHOOK_AGE = 300;

    /** Bytes of an answer, beyond which it is none of Haggle's. */
    const LARGEST = 16777216;

    private $url;
    private $apiUrl;
    private $kid = '';
    private $secret = '';
    private $apiKey = '';
    private $timeout = 5.0;
    private $caFile = '';
    private $transport;

    /**
     * @param array $config
     *   url        where browsers reach Haggle, like https://chat.example.com
     *   secret     what Haggle's --token-secret says, KID:SECRET or SECRET
     *   api_key    the key of the shop's backend, see api-key in Haggle's data directory
     *   api_url    where this machine reaches Haggle; left out: url
     *   timeout    seconds that a request may take in all, 5 if left out
     *   ca_file    PEM file with the authorities to trust; left out: the system's
     *   transport  "curl" or "streams"; left out: curl if it is there
     *   allow_http true lets url and api_url be http:// beyond this machine, in the clear
     * @throws HaggleException if one of them cannot be right
     */
    public function __construct(
        #[\SensitiveParameter]
        array $config
    ) {
        $known = ['url', 'secret', 'api_key', 'api_url', 'timeout', 'ca_file', 'transport', 'allow_http'];
        foreach (array_keys($config) as $name) {
            if (!in_array($name, $known, true)) {
                throw new HaggleException('invalid_config', 'there is no setting ' . $name);
            }
        }
        $inClear = !empty($config['allow_http']);
        $this->url = self::checkUrl('url', isset($config['url']) ? $config['url'] : '', $inClear);
        $this->apiUrl = empty($config['api_url']) ? $this->url : self::checkUrl('api_url', $config['api_url'], $inClear);
        if (isset($config['secret']) && $config['secret'] !== false && $config['secret'] !== '') {
            $this->readSecret((string) $config['secret']);
        }
        $this->apiKey = isset($config['api_key']) ? trim((string) $config['api_key']) : '';
        if (preg_match('/[^\x21-\x7e]/', $this->apiKey)) {
            throw new HaggleException('invalid_config', 'the api_key has characters that no key has');
        }
        if (isset($config['timeout'])) {
            $this->timeout = (float) $config['timeout'];
        }
        if (!($this->timeout > 0)) {
            throw new HaggleException('invalid_config', 'the timeout is a number of seconds, more than 0');
        }
        $this->caFile = isset($config['ca_file']) ? (string) $config['ca_file'] : '';
        $this->transport = isset($config['transport']) ? $config['transport'] : (extension_loaded('curl') ? 'curl' : 'streams');
        if (!in_array($this->transport, ['curl', 'streams'], true) || ($this->transport === 'curl' && !extension_loaded('curl'))) {
            throw new HaggleException('invalid_config', 'the transport is curl, with that extension, or streams');
        }
    }

    // --- Who is asking ---

    /**
     * A signed token that says who somebody is.
     *
     * @param string $uid U_… a buyer, V_… a merchant of virtual goods, E_… of physical ones
     * @param array $claims
     *   name, avatar       how a buyer or a shop is shown
     *   agent, agent_name  who of a merchant's staff it is; then without name and avatar,
     *                      as nobody of the staff renames the shop: see putParticipant
     *   ttl                seconds that it is good for, up to 86400; 3600 if left out
     * @return string never put it into a URL or a log
     */
    public function token($uid, array $claims = []): string
    {
        if ($this->secret === '') {
            throw new HaggleException('no_secret', 'a token needs the setting secret');
        }
        $ttl = isset($claims['ttl']) ? $claims['ttl'] : 3600;
        unset($claims['ttl']);
        if (!is_int($ttl) || $ttl < 1 || $ttl > self::LONGEST) {
            throw new HaggleException('invalid_ttl', 'a token lives for 1 to ' . self::LONGEST . ' seconds');
        }
        $who = self::checkWho($uid, $claims);
        $now = self::now();
        $body = ['sub' => $who['uid'], 'aud' => 'haggle', 'iat' => $now, 'exp' => (int) $now + $ttl];
        unset($who['uid']);
        $head = ['alg' => 'HS256', 'typ' => 'JWT'];
        if ($this->kid !== '') {
            $head['kid'] = $this->kid;
        }
        $signed = self::base64url(self::json($head)) . '.' . self::base64url(self::json($body + $who));
        return $signed . '.' . self::base64url(hash_hmac('sha256', $signed, $this->secret, true));
    }

    /**
     * Sets the cookie haggle_token from the shop's session, for the old chat's
     * pages and their socket. Call it on each page that has the chat, before
     * anything is printed. HttpOnly and SameSite=Lax on every PHP version, Secure
     * where the page came by https.
     *
     * @param string $uid as in token
     * @param array $claims as in token; the ttl is a day if left out
     * @param bool|null $secure null finds out by itself
     * @return string the token
     */
    public function setCookie($uid, array $claims = [], $secure = null): string
    {
        if (!isset($claims['ttl'])) {
            $claims['ttl'] = self::LONGEST;
        }
        $token = $this->token($uid, $claims);
        self::cookie($token, $claims['ttl'], $secure);
        return $token;
    }

    /** Takes the cookie back. Call it where the shop signs somebody out; see revoke, too. */
    public function forgetCookie($secure = null)
    {
        self::cookie('', 0, $secure);
    }

    // --- On a page ---

    /**
     * A button that signs somebody in to Haggle and goes on to a page of it. The
     * page that it stands on must be kept by no cache, as the token is in it, and
     * must not have Referrer-Policy: no-referrer, as Haggle then cannot tell whose
     * page it is. Its origin has to be in Haggle's --origins.
     *
     * @param string $token see token
     * @param string $next a path that starts with /chat or /console
     * @param array $options label, class, target (default _blank)
     * @return string HTML
     */
    public function loginForm(
        #[\SensitiveParameter]
        $token,
        $next,
        array $options = []
    ): string {
        self::checkNext($next);
        $options += ['label' => 'Chat', 'class' => 'haggle-button', 'target' => '_blank'];
        return '<form method="post" action="' . self::html($this->url . '/v1/login') . '"'
            . ' target="' . self::html($options['target']) . '" rel="noopener">'
            . '<input type="hidden" name="token" value="' . self::html($token) . '">'
            . '<input type="hidden" name="next" value="' . self::html($next) . '">'
            . '<button type="submit" class="' . self::html($options['class']) . '">' . self::html($options['label']) . '</button>'
            . '</form>';
    }

    /** The button of a product page: opens the chat with that product's seller. Options as in loginForm. */
    public function chatButton(
        #[\SensitiveParameter]
        $token,
        $productId,
        array $options = []
    ): string {
        $id = self::checkName('invalid_product', 'a product id', $productId);
        return $this->loginForm($token, '/chat?product=' . rawurlencode($id), $options);
    }

    /** The button of the back office: opens the console. Options as in loginForm. */
    public function consoleButton(
        #[\SensitiveParameter]
        $token,
        array $options = []
    ): string {
        return $this->loginForm($token, '/console', $options);
    }

    // --- What is for sale, and by whom ---

    /**
     * Says that something is for sale. Call it whenever a product changes.
     *
     * @param array $product
     *   id, merchant (uid), title, amount (of minor units, see amount()), currency
     *   (like CNY), kind (virtual or physical); image and url (https://…) and stock
     *   may be left out
     */
    public function putProduct(array $product)
    {
        $body = self::product($product);
        $this->call('PUT', '/v1/server/products/' . rawurlencode($body['id']), $body);
    }

    /** Says that a product is no longer for sale. Conversations about it go on. */
    public function deleteProduct($id)
    {
        $this->call('DELETE', '/v1/server/products/' . rawurlencode(self::checkName('invalid_product', 'a product id', $id)));
    }

    /** Says how a buyer or a merchant is shown. */
    public function putParticipant($uid, $name, $avatar = '')
    {
        $body = self::participant(['uid' => $uid, 'name' => $name, 'avatar' => $avatar]);
        $this->call('PUT', '/v1/server/participants/' . rawurlencode($body['uid']), $body);
    }

    /** Forgets how somebody is shown. What they wrote stays. */
    public function deleteParticipant($uid)
    {
        $this->call('DELETE', $this->participantPath($uid));
    }

    /**
     * Tells of many products and participants, a thousand a request. A bad line
     * fails alone.
     *
     * @param iterable $lines each with one member: product, participant (with uid,
     *   name, avatar), delete_product (an id) or delete_participant (a uid)
     * @return array what failed: for each of those line (its key in $lines), code, message
     * @throws HaggleException if a request failed as a whole; the ones before it are done
     */
    public function bulk($lines): array
    {
        $failed = [];
        $batch = [];
        $at = 0;
        foreach ($lines as $key => $line) {
            try {
                $batch[] = [$at, $key, self::json(self::bulkLine($line))];
            } catch (HaggleException $e) {
                $failed[$at] = ['line' => $key, 'code' => $e->getErrorCode(), 'message' => $e->getMessage()];
            }
            $at++;
            if (count($batch) === self::BULK_LINES) {
                $failed += $this->bulkRequest($batch);
                $batch = [];
            }
        }
        $failed += $batch === [] ? [] : $this->bulkRequest($batch);
        ksort($failed);
        return array_values($failed);
    }

    /**
     * The minor units of a price, exactly: amount('12.50') is 1250.
     *
     * @param string|int $price as the database has it; no float, which is never exact
     * @param int $decimals of the currency: 2 for CNY, 0 for JPY
     */
    public static function amount($price, $decimals = 2): int
    {
        if (!is_string($price) && !is_int($price)) {
            throw new HaggleException('invalid_price', 'give a price as a string, like "12.50": a float is not exact');
        }
        if (!preg_match('/^(\d{1,15})(?:\.(\d+))?$/D', trim((string) $price), $m)) {
            throw new HaggleException('invalid_price', 'a price looks like 12.50');
        }
        $fraction = isset($m[2]) ? rtrim($m[2], '0') : '';
        if (strlen($fraction) > $decimals) {
            throw new HaggleException('invalid_price', 'a price has at most ' . $decimals . ' digits behind the point');
        }
        return (int) ($m[1] . str_pad($fraction, $decimals, '0'));
    }

    // --- Signing in and out ---

    /**
     * A code that lets somebody in once, within a minute.
     *
     * @param string $uid as in token
     * @param array $claims name and avatar, or agent and agent_name, as in token
     * @return array code, expires_at (milliseconds)
     */
    public function loginCode($uid, array $claims = []): array
    {
        return $this->answer('POST', '/v1/server/login-codes', self::checkWho($uid, $claims), ['code', 'expires_at']);
    }

    /** A link that lets somebody in once, within a minute: make it when they ask for it, and send them there. */
    public function loginUrl($uid, $next, array $claims = []): string
    {
        self::checkNext($next);
        $code = $this->loginCode($uid, $claims);
        return $this->url . '/v1/login?' . http_build_query(['code' => $code['code'], 'next' => $next], '', '&', PHP_QUERY_RFC3986);
    }

    /** Ends all of somebody's sign-ins and sockets, everywhere, at once. */
    public function revoke($uid)
    {
        $this->call('POST', $this->participantPath($uid) . '/revoke');
    }

    // --- And more ---

    /** Sends something of the shop's own, any JSON value, to the pages that somebody has open now. It is not kept. */
    public function push($uid, $payload)
    {
        $this->call('POST', $this->participantPath($uid) . '/push', ['payload' => $payload]);
    }

    /**
     * A page of what people reported, in the order in which it came.
     *
     * @param int $after the num of the last report that was read; 0 begins
     * @param int $limit 1 to 100
     * @return array reports (list), more (bool: go on after the last num)
     */
    public function reports($after = 0, $limit = 50): array
    {
        $query = http_build_query(['after' => (int) $after, 'limit' => (int) $limit], '', '&');
        return $this->answer('GET', '/v1/server/reports?' . $query, null, ['reports']) + ['more' => false];
    }

    /** All reports after a num, page by page, as they are asked for. */
    public function allReports($after = 0): \Generator
    {
        do {
            $page = $this->reports($after, 100);
            foreach ($page['reports'] as $report) {
                $after = $report['num'];
                yield $report;
            }
        } while ($page['more'] && $page['reports'] !== []);
    }

    /**
     * What Haggle has posted to the shop, verified: that a message stays unread.
     * Answer 2xx once it is taken; drop an id that was taken before.
     *
     *     $hook = Haggle::webhook(getenv('HAGGLE_WEBHOOK_SECRET'));
     *
     * @param string|string[] $secret what --webhook-secret says, or the secrets while they change
     * @param string|null $body as it arrived; left out: that of this request
     * @param array|null $server left out: $_SERVER
     * @param int|null $now left out: the time
     * @return array id, type ("message.unread", "ping" or one that comes later), created_at, data
     * @throws HaggleException with code invalid_webhook: answer 403 and do nothing
     */
    public static function webhook(
        #[\SensitiveParameter]
        $secret,
        $body = null,
        $server = null,
        $now = null
    ): array {
        $body = $body === null ? (string) file_get_contents('php://input') : (string) $body;
        $server = $server === null ? $_SERVER : $server;
        $now = $now === null ? time() : $now;
        $stamp = isset($server['HTTP_HAGGLE_TIMESTAMP']) ? (string) $server['HTTP_HAGGLE_TIMESTAMP'] : '';
        $signatures = isset($server['HTTP_HAGGLE_SIGNATURE']) ? (string) $server['HTTP_HAGGLE_SIGNATURE'] : '';
        if (!preg_match('/\A[0-9]{1,12}\z/', $stamp) || abs($now - (int) $stamp) > self::WEBHOOK_AGE) {
            throw new HaggleException('invalid_webhook', 'it is older than five minutes, or has no time');
        }
        if (!self::signed((array) $secret, $stamp . '.' . $body, $signatures)) {
            throw new HaggleException('invalid_webhook', 'it is not signed with this secret');
        }
        $hook = json_decode($body, true);
        if (!is_array($hook) || !isset($hook['id'], $hook['type']) || !is_string($hook['id']) || !is_string($hook['type'])) {
            throw new HaggleException('invalid_webhook', 'it is not what Haggle posts');
        }
        return $hook + ['created_at' => 0, 'data' => []];
    }

    /** Whether one of the signatures is of one of the secrets, in a time that says nothing. */
    private static function signed(
        #[\SensitiveParameter]
        array $secrets,
        $text,
        $signatures
    ): bool {
        $found = false;
        foreach ($secrets as $secret) {
            if (!is_string($secret) || $secret === '') {
                throw new HaggleException('invalid_config', 'there is no webhook secret: see webhook-secret in the data directory of Haggle');
            }
            $want = 'v1=' . hash_hmac('sha256', $text, $secret);
            foreach (explode(',', $signatures) as $signature) {
                $found = hash_equals($want, trim($signature)) || $found;
            }
        }
        return $found;
    }

    /**
     * The code by which the old merchant page says which merchant it is. Needs a
     * Haggle that runs with --compat, as buyerCodes does.
     */
    public function myCode($merchant): string
    {
        return $this->codes($merchant, [])['my_code'];
    }

    /**
     * The codes (toUserCode) by which a merchant's old page names buyers. They are
     * the same each time, so a shop may keep them.
     *
     * @param string $merchant V_… or E_…
     * @param array $buyers list of uids, U_…
     * @return array uid => code
     */
    public function buyerCodes($merchant, array $buyers): array
    {
        $codes = [];
        foreach (array_chunk(array_unique(array_map([__CLASS__, 'checkUid'], $buyers)), self::CODES) as $uids) {
            $answer = (array) $this->codes($merchant, $uids)['buyers'];
            foreach ($uids as $uid) { // as asked: JSON has no order
                if (!isset($answer[$uid])) {
                    throw new HaggleException('bad_answer', 'there is no code for ' . $uid);
                }
                $codes[$uid] = $answer[$uid];
            }
        }
        return $codes;
    }

    private function codes($merchant, array $buyers): array
    {
        $body = ['merchant' => self::checkUid($merchant), 'buyers' => $buyers];
        return $this->answer('POST', '/v1/server/compat-codes', $body, ['my_code', 'buyers']);
    }

    // --- What is said, checked ---

    private function readSecret(
        #[\SensitiveParameter]
        $text
    ) {
        $text = trim($text);
        $colon = strpos($text, ':');
        if ($colon === 0) {
            $text = substr($text, 1);
        } elseif ($colon !== false && self::isName(substr($text, 0, $colon))) {
            $this->kid = substr($text, 0, $colon);
            $text = substr($text, $colon + 1);
        }
        if (preg_match('/\s/', $text)) {
            throw new HaggleException('invalid_config', 'the secret has a blank in it: sign with one secret, the newer one');
        }
        if (strlen($text) < 32) {
            throw new HaggleException('invalid_config', 'the secret needs at least 32 bytes');
        }
        if ($this->kid === 'haggle') {
            throw new HaggleException('invalid_config', 'the kid "haggle" is the server\'s own, choose another');
        }
        $this->secret = $text;
    }

    private static function checkUrl($name, $url, $inClear): string
    {
        $parts = parse_url((string) $url);
        $ok = is_array($parts) && isset($parts['scheme'], $parts['host']) && in_array($parts['scheme'], ['http', 'https'], true)
            && !isset($parts['user']) && !isset($parts['query']) && !isset($parts['fragment'])
            && (!isset($parts['path']) || $parts['path'] === '/')
            && !preg_match('/[\x00-\x20\x7f"\'<>\\\\]/', $url);
        if (!$ok) {
            throw new HaggleException('invalid_config', $name . ' looks like https://chat.example.com');
        }
        $here = preg_match('/^(localhost|127(\.\d{1,3}){3}|\[::1\])$/Di', $parts['host']);
        if ($parts['scheme'] === 'http' && !$here && !$inClear) {
            throw new HaggleException('invalid_config', $name . ' is http://, which carries keys and tokens in the clear; use https://, or say allow_http inside a network that is yours alone');
        }
        return rtrim($url, '/');
    }

    private static function checkUid($uid): string
    {
        if (!is_string($uid) || !preg_match('/^[UVE]_/', $uid) || !self::isName(substr($uid, 2))) {
            throw new HaggleException('invalid_uid', 'a uid is U_, V_ or E_ and then 1 to 64 of A-Z a-z 0-9 . _ -');
        }
        if (strpos($uid, 'U_g-') === 0) {
            throw new HaggleException('invalid_uid', 'uids that start with U_g- are handed out by Haggle alone');
        }
        return $uid;
    }

    /** Who somebody is, and how they are shown, as tokens and login codes say it. */
    private static function checkWho($uid, array $claims): array
    {
        $who = ['uid' => self::checkUid($uid)];
        $claims = array_filter($claims, function ($value) {
            return $value !== null && $value !== '';
        });
        foreach ($claims as $name => $value) {
            if (!in_array($name, ['name', 'avatar', 'agent', 'agent_name'], true)) {
                throw new HaggleException('invalid_claim', 'there is no claim ' . $name);
            }
            $who[$name] = self::text($name, $value);
        }
        if (!isset($who['agent']) && !isset($who['agent_name'])) {
            return $who;
        }
        if ($uid[0] === 'U') {
            throw new HaggleException('invalid_agent', 'a buyer has no agent');
        }
        if (isset($who['name']) || isset($who['avatar'])) {
            throw new HaggleException('invalid_agent', 'an agent does not rename the shop: leave name and avatar out, and call putParticipant');
        }
        $who['agent'] = self::checkName('invalid_agent', 'an agent id', isset($who['agent']) ? $who['agent'] : '');
        return $who;
    }

    private static function isName($name): bool
    {
        return preg_match('/^[A-Za-z0-9._-]{1,64}$/D', $name) === 1;
    }

    /** An id of the shop's own. "." and ".." would lead elsewhere in an address. */
    private static function checkName($code, $what, $name): string
    {
        $name = is_int($name) ? (string) $name : $name;
        if (!is_string($name) || !self::isName($name) || $name === '.' || $name === '..') {
            throw new HaggleException($code, $what . ' is 1 to 64 of A-Z a-z 0-9 . _ -');
        }
        return $name;
    }

    private static function text($name, $value): string
    {
        if (!is_string($value) && !is_int($value)) {
            throw new HaggleException('invalid_text', $name . ' is a string');
        }
        $value = (string) $value;
        if (preg_match('//u', $value) !== 1) {
            throw new HaggleException('invalid_text', $name . ' is not UTF-8; from GBK, iconv("GBK", "UTF-8", …) makes it so');
        }
        return $value;
    }

    private static function checkNext($next)
    {
        if (!is_string($next) || !preg_match('#^/(chat|console)(?:[/?\#][\x21-\x5b\x5d-\x7e]*)?$#D', $next)) {
            throw new HaggleException('invalid_next', 'next is a path that starts with /chat or /console');
        }
    }

    private static function product(array $product): array
    {
        $product['id'] = self::checkName('invalid_product', 'a product id', isset($product['id']) ? $product['id'] : '');
        foreach (['amount', 'stock'] as $name) {
            // What comes out of a database is often a string of digits.
            if (isset($product[$name]) && is_string($product[$name]) && preg_match('/^\d{1,18}$/D', $product[$name])) {
                $product[$name] = (int) $product[$name];
            }
        }
        return self::texts($product, ['merchant', 'title', 'currency', 'kind', 'image', 'url']);
    }

    private static function participant(array $participant): array
    {
        $participant['uid'] = self::checkUid(isset($participant['uid']) ? $participant['uid'] : '');
        return self::texts($participant, ['name', 'avatar']);
    }

    private static function texts(array $fields, array $names): array
    {
        $fields = array_filter($fields, function ($value) {
            return $value !== null;
        });
        foreach ($names as $name) {
            if (isset($fields[$name])) {
                $fields[$name] = self::text($name, $fields[$name]);
            }
        }
        return $fields;
    }

    private static function bulkLine($line): array
    {
        $name = is_array($line) && count($line) === 1 ? key($line) : '';
        switch ($name) {
            case 'product':
                return ['product' => self::product((array) $line['product'])];
            case 'participant':
                return ['participant' => self::participant((array) $line['participant'])];
            case 'delete_product':
                return ['delete_product' => self::checkName('invalid_product', 'a product id', $line['delete_product'])];
            case 'delete_participant':
                return ['delete_participant' => self::checkUid($line['delete_participant'])];
        }
        throw new HaggleException('invalid_line', 'a line has one of product, participant, delete_product, delete_participant');
    }

    private static function json($value): string
    {
        $json = json_encode($value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
        if (!is_string($json)) {
            throw new HaggleException('invalid_text', 'this cannot be said in JSON: ' . json_last_error_msg());
        }
        return $json;
    }

    private static function base64url($bytes): string
    {
        return rtrim(strtr(base64_encode($bytes), '+/', '-_'), '=');
    }

    private static function html($text): string
    {
        return htmlspecialchars((string) $text, ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
    }

    private static function cookie(
        #[\SensitiveParameter]
        $value,
        $seconds,
        $secure
    ) {
        if (headers_sent($file, $line)) {
            throw new HaggleException('headers_sent', 'the cookie has to be set before ' . basename($file) . ' prints anything, in line ' . $line);
        }
        if ($secure === null) {
            $https = isset($_SERVER['HTTPS']) ? strtolower((string) $_SERVER['HTTPS']) : '';
            $proxy = isset($_SERVER['HTTP_X_FORWARDED_PROTO']) ? strtolower((string) $_SERVER['HTTP_X_FORWARDED_PROTO']) : '';
            $secure = ($https !== '' && $https !== 'off') || strpos($proxy, 'https') === 0;
        }
        // By hand: setcookie knows SameSite since PHP 7.3 only.
        header('Set-Cookie: ' . self::COOKIE . '=' . $value . '; Path=/; Max-Age=' . $seconds
            . '; HttpOnly; SameSite=Lax' . ($secure ? '; Secure' : ''), false);
    }

    /**
     * The time in seconds, to the millisecond: whoever signs in again right after
     * revoke() has a token that is younger than that.
     */
    private static function now(): float
    {
        return floor(microtime(true) * 1000) / 1000;
    }

    // --- Requests ---

    private function participantPath($uid): string
    {
        return '/v1/server/participants/' . rawurlencode(self::checkUid($uid));
    }

    /** Calls, and returns what was answered, which has to have those fields. */
    private function answer($method, $path, $body, array $fields): array
    {
        $answer = $this->call($method, $path, $body);
        foreach ($fields as $field) {
            if (!is_array($answer) || !array_key_exists($field, $answer)) {
                throw new HaggleException('bad_answer', 'the answer has no ' . $field . ': is that Haggle, and new enough?');
            }
        }
        return $answer;
    }

    private function call($method, $path, $body = null)
    {
        $text = $this->request($method, $path, $body === null ? '' : self::json($body), 'application/json', $this->timeout);
        return $text === '' ? null : json_decode($text, true);
    }

    /** Sends lines of [place, key, JSON], and returns by place what failed. */
    private function bulkRequest(array $batch): array
    {
        $body = '';
        foreach ($batch as $line) {
            $body .= $line[2] . "\n";
        }
        $text = $this->request('POST', '/v1/server/bulk', $body, 'application/x-ndjson', max(60.0, $this->timeout));
        $results = explode("\n", trim($text));
        if (count($results) !== count($batch)) {
            throw new HaggleException('bad_answer', 'there are ' . count($results) . ' results for ' . count($batch) . ' lines');
        }
        $failed = [];
        foreach ($results as $i => $result) {
            $result = json_decode($result, true);
            if (empty($result['ok'])) {
                $error = isset($result['error']) ? $result['error'] : [];
                $code = isset($error['code']) ? (string) $error['code'] : 'bad_answer';
                $words = isset($error['message']) ? (string) $error['message'] : '';
                $failed[$batch[$i][0]] = ['line' => $batch[$i][1], 'code' => $code, 'message' => $code . ': ' . $words];
            }
        }
        return $failed;
    }

    private function request($method, $path, $body, $type, $timeout): string
    {
        if ($this->apiKey === '') {
            throw new HaggleException('no_api_key', 'this needs the setting api_key');
        }
        $headers = ['Authorization: Bearer ' . $this->apiKey, 'Accept: application/json, application/x-ndjson', 'User-Agent: haggle-php'];
        if ($body !== '') {
            $headers[] = 'Content-Type: ' . $type;
        }
        $deadline = microtime(true) + $timeout;
        list($status, $answered, $text) = $this->transport === 'curl'
            ? $this->byCurl($method, $path, $headers, $body, $timeout)
            : $this->byStreams($method, $path, $headers, $body, $deadline);
        if ($status >= 200 && $status < 300) {
            return $text;
        }
        throw self::failure($status, $answered, $text);
    }

    /** What an answer that is not a success says. */
    private static function failure($status, array $headers, $text): HaggleException
    {
        $answer = json_decode($text, true);
        $error = isset($answer['error']['code']) ? $answer['error'] : [
            'code' => 'bad_answer',
            'message' => 'status ' . $status . ' and not a word of Haggle\'s: does api_url lead to it?',
        ];
        $wait = 0;
        if (isset($error['retry_after_ms'])) {
            $wait = (int) ceil($error['retry_after_ms'] / 1000);
        } elseif (isset($headers['retry-after'])) {
            $wait = (int) $headers['retry-after'];
        }
        $request = isset($headers['x-request-id']) ? $headers['x-request-id'] : '';
        return new HaggleException(
            (string) $error['code'],
            isset($error['message']) ? (string) $error['message'] : '',
            $status,
            isset($error['request_id']) ? (string) $error['request_id'] : $request,
            $wait
        );
    }

    /** Returns the status, the headers by lower-case name, and the body. */
    private function byCurl(
        $method,
        $path,
        #[\SensitiveParameter]
        array $headers,
        $body,
        $timeout
    ): array {
        $answered = [];
        $text = '';
        $options = [
            CURLOPT_URL => $this->apiUrl . $path,
            CURLOPT_CUSTOMREQUEST => $method,
            CURLOPT_HTTPHEADER => array_merge($headers, ['Expect:']),
            CURLOPT_TIMEOUT_MS => max(1, (int) ($timeout * 1000)),
            CURLOPT_CONNECTTIMEOUT_MS => max(1, (int) ($timeout * 1000)),
            CURLOPT_NOSIGNAL => true,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_PROXY => '',
            CURLOPT_SSL_VERIFYPEER => true,
            CURLOPT_SSL_VERIFYHOST => 2,
            CURLOPT_HEADERFUNCTION => function ($_, $line) use (&$answered) {
                $at = strpos($line, ':');
                if ($at !== false) {
                    $answered[strtolower(substr($line, 0, $at))] = trim(substr($line, $at + 1));
                }
                return strlen($line);
            },
            CURLOPT_WRITEFUNCTION => function ($_, $part) use (&$text) {
                $text .= $part;
                return strlen($text) > Haggle::LARGEST ? 0 : strlen($part);
            },
        ];
        if ($body !== '') {
            $options[CURLOPT_POSTFIELDS] = $body;
        }
        if ($this->caFile !== '') {
            $options[CURLOPT_CAINFO] = $this->caFile;
        }
        $curl = curl_init();
        curl_setopt_array($curl, $options);
        if (curl_exec($curl) === false) {
            throw self::unreached(curl_errno($curl) === CURLE_OPERATION_TIMEOUTED, curl_error($curl));
        }
        return [(int) curl_getinfo($curl, CURLINFO_HTTP_CODE), $answered, $text];
    }

    /** The same without curl. */
    private function byStreams(
        $method,
        $path,
        #[\SensitiveParameter]
        array $headers,
        $body,
        $deadline
    ): array {
        $url = parse_url($this->apiUrl);
        $secure = $url['scheme'] === 'https';
        $port = isset($url['port']) ? $url['port'] : ($secure ? 443 : 80);
        $host = $url['host'] . (isset($url['port']) ? ':' . $url['port'] : '');
        $request = $method . ' ' . $path . " HTTP/1.1\r\nHost: " . $host . "\r\nConnection: close\r\n"
            . implode("\r\n", $headers) . "\r\nContent-Length: " . strlen($body) . "\r\n\r\n" . $body;

        // Whatever goes wrong becomes an exception below. A framework's own handler
        // would make a page of a warning.
        $problem = '';
        set_error_handler(function ($_, $message) use (&$problem) {
            $problem = $problem === '' ? $message : $problem;
            return true;
        });
        try {
            $address = ($secure ? 'ssl://' : 'tcp://') . $url['host'] . ':' . $port;
            $stream = stream_socket_client($address, $errno, $error, self::left($deadline), STREAM_CLIENT_CONNECT, $this->tls($url['host']));
            if ($stream === false) {
                throw self::unreached(microtime(true) >= $deadline, $problem !== '' ? $problem : $error);
            }
            $text = self::exchange($stream, $request, $deadline);
            fclose($stream);
        } finally {
            restore_error_handler();
        }
        return self::parse($text);
    }

    private function tls($host)
    {
        $ssl = [
            'verify_peer' => true,
            'verify_peer_name' => true,
            'allow_self_signed' => false,
            'peer_name' => trim($host, '[]'),
            'crypto_method' => STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT
                | (defined('STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT') ? STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT : 0),
        ];
        if ($this->caFile !== '') {
            $ssl['cafile'] = $this->caFile;
        }
        return stream_context_create(['ssl' => $ssl]);
    }

    /** Writes a request and reads until the other side is done, or the deadline. */
    private static function exchange(
        $stream,
        #[\SensitiveParameter]
        $request,
        $deadline
    ): string {
        for ($sent = 0; $sent < strlen($request); $sent += $written) {
            self::limit($stream, $deadline);
            $written = fwrite($stream, substr($request, $sent, 8192));
            if (!$written) {
                // It may have answered and left, as to a request that is too long.
                break;
            }
        }
        $text = '';
        $late = false;
        while (!feof($stream)) {
            self::limit($stream, $deadline);
            $part = fread($stream, 8192);
            $late = microtime(true) >= $deadline || stream_get_meta_data($stream)['timed_out'];
            if ($part === false || $late) {
                break;
            }
            $text .= $part;
            if (strlen($text) > self::LARGEST) {
                throw new HaggleException('bad_answer', 'the answer does not end');
            }
        }
        if ($late || $text === '') {
            throw self::unreached($late, 'the connection ended without an answer');
        }
        return $text;
    }

    private static function left($deadline): float
    {
        return max(0.001, $deadline - microtime(true));
    }

    /** A read or a write waits until the deadline and no longer. */
    private static function limit($stream, $deadline)
    {
        $left = self::left($deadline);
        stream_set_timeout($stream, (int) $left, (int) (($left - (int) $left) * 1000000));
    }

    /** Returns the status, the headers by lower-case name, and the body of an answer as it came. */
    private static function parse($text): array
    {
        do {
            $parts = explode("\r\n\r\n", $text, 2);
            if (count($parts) !== 2 || !preg_match('#^HTTP/1\.[01] (\d{3})#', $parts[0], $m)) {
                throw new HaggleException('bad_answer', 'the answer is not HTTP');
            }
            $text = $parts[1];
        } while ($m[1][0] === '1');
        $headers = [];
        foreach (explode("\r\n", $parts[0]) as $line) {
            $at = strpos($line, ':');
            if ($at !== false) {
                $headers[strtolower(substr($line, 0, $at))] = trim(substr($line, $at + 1));
            }
        }
        if (isset($headers['transfer-encoding'])) {
            $text = self::unchunk($text);
        } elseif (isset($headers['content-length']) && strlen($text) !== (int) $headers['content-length']) {
            throw self::unreached(false, 'the answer did not arrive whole');
        }
        return [(int) $m[1], $headers, $text];
    }

    private static function unchunk($text): string
    {
        $whole = '';
        while (preg_match('/^([0-9A-Fa-f]{1,7})[^\r\n]*\r\n/', $text, $m)) {
            $size = hexdec($m[1]);
            if ($size === 0) {
                return $whole;
            }
            $whole .= substr($text, strlen($m[0]), $size);
            $text = (string) substr($text, strlen($m[0]) + $size + 2);
        }
        throw self::unreached(false, 'the answer did not arrive whole');
    }

    private static function unreached($late, $why): HaggleException
    {
        if ($late) {
            return new HaggleException('timeout', 'Haggle did not answer in time');
        }
        $tls = preg_match('/certificate|SSL|TLS|crypto/i', $why) === 1;
        return new HaggleException($tls ? 'tls_failed' : 'unreachable', 'Haggle cannot be reached: ' . $why);
    }

    // --- Kept to itself ---

    /** What var_dump and print_r show: no secret and no key. */
    public function __debugInfo()
    {
        return ['url' => $this->url, 'api_url' => $this->apiUrl, 'kid' => $this->kid, 'transport' => $this->transport];
    }

    /** Secrets are not written into sessions and caches. */
    public function __sleep()
    {
        throw new HaggleException('not_serializable', 'keep the settings, not this object');
    }
}

/**
 * Says why something was not done. getMessage() is English, for a log; no secret,
 * key or token is in it, nor in the trace, which comes without arguments.
 */
class HaggleException extends \RuntimeException
{
    private $errorCode;
    private $status;
    private $requestId;
    private $retryAfter;

    public function __construct($errorCode, $message, $status = 0, $requestId = '', $retryAfter = 0)
    {
        parent::__construct($errorCode . ': ' . $message, $status);
        $this->errorCode = $errorCode;
        $this->status = $status;
        $this->requestId = $requestId;
        $this->retryAfter = $retryAfter;
        $this->dropArguments();
    }

    /** For programs: a code of Haggle's, or unreachable, tls_failed, timeout, bad_answer, or invalid_… before anything was asked. */
    public function getErrorCode(): string
    {
        return $this->errorCode;
    }

    /** The HTTP status; 0 if there was no answer. */
    public function getStatus(): int
    {
        return $this->status;
    }

    /** Finds the request in Haggle's log; '' if it never got there. */
    public function getRequestId(): string
    {
        return $this->requestId;
    }

    /** Seconds to wait before it is worth trying again; 0 if nobody said. */
    public function getRetryAfter(): int
    {
        return $this->retryAfter;
    }

    /** The arguments in a trace would carry secrets into logs and pages. */
    private function dropArguments()
    {
        $trace = new \ReflectionProperty('Exception', 'trace');
        if (PHP_VERSION_ID < 80100) {
            $trace->setAccessible(true);
        }
        $trace->setValue($this, array_map(function (array $frame) {
            unset($frame['args']);
            return $frame;
        }, $this->getTrace()));
    }
}

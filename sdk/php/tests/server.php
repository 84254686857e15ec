<?php
// Every method against a real server, by curl or by streams:
//
//     php server.php curl|streams
//
// SHOP_URL is a server whose secret and key are SHOP_SECRET and SHOP_API_KEY,
// SHOP_DEAD an address where nobody listens, SHOP_TLS a server by https whose
// certificate SHOP_CA says who signed; SHOP_COMPAT is 1 where it has --compat.

require __DIR__ . '/check.php';
require __DIR__ . '/browser.php';
require dirname(__DIR__) . '/Haggle.php';

$transport = $argv[1];
$url = getenv('SHOP_URL');
$config = ['url' => $url, 'secret' => getenv('SHOP_SECRET'), 'api_key' => getenv('SHOP_API_KEY'), 'transport' => $transport, 'timeout' => 20];
$haggle = new Haggle($config);

/** The same with a token, for JSON. */
function asked($token, $method, $path, $body = null)
{
    $answer = ask($method, getenv('SHOP_URL') . $path, ['Authorization: Bearer ' . $token, 'Content-Type: application/json'],
        $body === null ? '' : json_encode($body));
    return ['status' => $answer['status'], 'json' => json_decode($answer['body'], true)];
}

$nasty = '小明 "O\'Brien" <b>&amp; 🙂';

// --- Tokens, verified by the server ---

$buyer = $haggle->token('U_42', ['name' => $nasty, 'avatar' => 'https://shop.example/42.png']);
$me = asked($buyer, 'GET', '/v1/me');
check('a buyer is let in', $me['status'] === 200 && $me['json']['participant']['uid'] === 'U_42' && $me['json']['side'] === 'buyer', $me);

$mei = $haggle->token('V_7', ['agent' => 'mei', 'agent_name' => $nasty, 'ttl' => Haggle::LONGEST]);
$me = asked($mei, 'GET', '/v1/me');
check('an agent is let in, by name', $me['status'] === 200 && $me['json']['agent'] === 'mei' && $me['json']['agent_name'] === $nasty, $me);

check('a merchant of physical goods is let in', asked($haggle->token('E_9'), 'GET', '/v1/me')['json']['participant']['uid'] === 'E_9');

$other = new Haggle(['secret' => '2020:' . str_repeat('x', 32)] + $config);
check('another secret lets nobody in', asked($other->token('U_42'), 'GET', '/v1/me')['json']['error']['code'] === 'token_invalid');
$bare = new Haggle(['secret' => ':' . explode(':', getenv('SHOP_SECRET'), 2)[1]] + $config);
check('nor does the right one without its kid', asked($bare->token('U_42'), 'GET', '/v1/me')['json']['error']['code'] === 'token_invalid');

// --- Signing in ---

$in = press($haggle->chatButton($buyer, '1001'), 'https://shop.example');
check('the button signs a buyer in and leads to the chat', $in['status'] === 303 && strpos($in['head'], 'Location: /chat?product=1001') !== false
    && strpos($in['head'], 'haggle_buyer=') !== false, $in['head']);
$in = press($haggle->consoleButton($mei), 'https://shop.example');
check('the button signs an agent in and leads to the console', $in['status'] === 303 && strpos($in['head'], 'Location: /console') !== false, $in['head']);
$in = press($haggle->chatButton($buyer, '1001'), 'https://evil.example');
check('on a foreign page it signs nobody in', $in['status'] === 403 && strpos($in['head'], 'Set-Cookie') === false, $in['head']);

$link = $haggle->loginUrl('U_42', '/chat?product=1001&x=a%20b', ['name' => $nasty]);
check('no token is in a link', strpos($link, 'eyJ') === false, $link);
$in = ask('GET', $link);
check('a link lets in', $in['status'] === 303 && strpos($in['head'], 'Location: /chat?product=1001&x=a%20b') !== false, $in['head']);
check('once', ask('GET', $link)['status'] === 401);
$code = $haggle->loginCode('V_7', ['agent' => 'mei']);
check('a code says how long it is good', strlen($code['code']) > 20 && $code['expires_at'] > 1000 * time(), $code);

// --- What is for sale ---

$product = [
    'id' => '1001', 'merchant' => 'V_7', 'title' => $nasty, 'amount' => '12550', 'currency' => 'CNY', 'kind' => 'virtual',
    'image' => 'https://shop.example/1001.jpg', 'url' => 'https://shop.example/p/1001', 'stock' => 3,
];
$haggle->putProduct($product);
$seen = asked($buyer, 'GET', '/v1/products/1001')['json'];
check('a product is what was said of it', [$seen['title'], $seen['merchant'], $seen['amount'], $seen['stock']] === [$nasty, 'V_7', 12550, 3], $seen);
$haggle->putProduct(['id' => 1002, 'stock' => null] + $product);
check('an id may be a number', asked($buyer, 'GET', '/v1/products/1002')['status'] === 200);
$haggle->deleteProduct('1002');
check('it is no longer for sale', asked($buyer, 'GET', '/v1/products/1002')['json']['deleted'] === true);
refused('what is not there cannot be deleted', 'not_found', function () use ($haggle) {
    $haggle->deleteProduct('unknown');
});
$e = refused('a product has a seller, says the server', 'invalid_merchant', function () use ($haggle, $product) {
    $haggle->putProduct(['merchant' => 'U_1'] + $product);
});
check('with the status and where to look in its log', $e->getStatus() === 400 && $e->getCode() === 400 && $e->getRequestId() !== '', $e->getRequestId());
refused('a field that nobody knows is not passed over', 'invalid_request', function () use ($haggle, $product) {
    $haggle->putProduct($product + ['colour' => 'red']);
});

$haggle->putParticipant('V_7', $nasty, 'https://shop.example/7.png');
$begin = asked($buyer, 'POST', '/v1/begin', ['product' => '1001'])['json'];
check('a merchant is shown as said', $begin['merchant']['name'] === $nasty && $begin['merchant']['avatar'] === 'https://shop.example/7.png', $begin);
$haggle->deleteParticipant('V_7');
check('and forgotten', !isset(asked($buyer, 'POST', '/v1/begin', ['product' => '1001'])['json']['merchant']['name']));
refused('a uid that is none does not leave here', 'invalid_uid', function () use ($haggle) {
    $haggle->putParticipant('X_1', 'x');
});
$e = refused('an avatar is no script, says the server', 'invalid_url', function () use ($haggle) {
    $haggle->putParticipant('V_7', 'x', 'javascript:alert(1)');
});
check('with a status', $e->getStatus() === 400);

// --- In bulk ---

$lines = (function () use ($product) {
    yield 'seller' => ['participant' => ['uid' => 'V_7', 'name' => '礼品 "House" 🎁']];
    for ($i = 1; $i <= 1200; $i++) { // more than one request holds
        yield $i => ['product' => ['id' => 'bulk-' . $i, 'title' => "第 $i 件\t🎁"] + $product];
    }
    yield 'wrong here' => ['participant' => ['uid' => 'nobody', 'name' => 'x']];
    yield 'wrong there' => ['product' => ['id' => 'bulk-1', 'merchant' => 'U_1'] + $product];
    yield 'gone' => ['delete_product' => 'bulk-2'];
    yield 'forgotten' => ['delete_participant' => 'V_8'];
    yield 'empty' => [];
})();
$failed = $haggle->bulk($lines);
check('a bad line fails alone, by its name, in order', array_column($failed, 'code', 'line') === ['wrong here' => 'invalid_uid',
    'wrong there' => 'invalid_merchant', 'forgotten' => 'not_found', 'empty' => 'invalid_line'], $failed);
check('the others are done', asked($buyer, 'GET', '/v1/products/bulk-1200')['json']['title'] === '第 1200 件 🎁'
    && asked($buyer, 'GET', '/v1/products/bulk-2')['json']['deleted'] === true);
check('nothing is nothing to do', $haggle->bulk([]) === []);

// --- Pushes, reports, signing out ---

$haggle->push('U_42', ['order' => 'A-17', 'text' => $nasty]);
$haggle->push('U_42', null);
$e = refused('a push has a bound', 'push_too_large', function () use ($haggle) {
    $haggle->push('U_42', str_repeat('x', 60000));
});

for ($i = 1; $i <= 3; $i++) {
    $sent = asked($buyer, 'POST', '/v1/messages', ['product' => '1001', 'nonce' => "n-$transport-$i", 'blocks' => [['type' => 'text', 'text' => $nasty]]])['json'];
    $reported = asked($buyer, 'POST', '/v1/conversations/' . $sent['conversation'] . '/report', ['seq' => $sent['seq'], 'reason' => "$nasty $i"]);
    check('a report is taken', $reported['status'] === 204, $reported);
}
$all = iterator_to_array($haggle->allReports(), false);
$mine = array_slice($all, -3);
check('what people report arrives, in order', array_column($mine, 'reason') === ["$nasty 1", "$nasty 2", "$nasty 3"]
    && $mine[0]['message']['blocks'][0]['text'] === $nasty, $mine);
$page = $haggle->reports($mine[0]['num'], 1);
check('page by page', $page['more'] === true && array_column($page['reports'], 'num') === [$mine[1]['num']], $page);
check('to the end', $haggle->reports($mine[2]['num']) === ['reports' => [], 'more' => false]);

$haggle->revoke('U_42');
check('signed out everywhere', asked($buyer, 'GET', '/v1/me')['json']['error']['code'] === 'token_revoked');
check('and in again at once', asked($haggle->token('U_42'), 'GET', '/v1/me')['status'] === 200);

// --- Codes for the old pages ---

if (getenv('SHOP_COMPAT') === '1') {
    $mine = $haggle->myCode('V_7');
    $codes = $haggle->buyerCodes('V_7', ['U_42', 'U_43']);
    check('a merchant has a code', $mine !== '' && strpos($mine, 'V_7') === false, $mine);
    check('each buyer has one', array_keys($codes) === ['U_42', 'U_43'] && $codes['U_42'] !== $codes['U_43'], $codes);
    check('another for each merchant', $haggle->buyerCodes('V_8', ['U_42'])['U_42'] !== $codes['U_42']);
    $many = array_map(function ($n) {
        return 'U_' . $n;
    }, range(1, 150));
    check('a hundred and fifty have, too', count($haggle->buyerCodes('V_7', $many)) === 150);
    check('no buyers, no codes', $haggle->buyerCodes('V_7', []) === []);
} else {
    refused('without --compat there are no codes', 'not_found', function () use ($haggle) {
        $haggle->myCode('V_7');
    });
}

// --- When it does not work ---

refused('another key is no key', 'api_key_invalid', function () use ($config) {
    (new Haggle(['api_key' => 'hk_' . str_repeat('x', 30)] + $config))->deleteProduct('1001');
});
refused('without a key nothing is asked', 'no_api_key', function () use ($config) {
    (new Haggle(['api_key' => ''] + $config))->deleteProduct('1001');
});
$e = refused('a server that is away', 'unreachable', function () use ($config) {
    (new Haggle(['api_url' => getenv('SHOP_DEAD')] + $config))->putProduct(['id' => '1']);
});
check('is told from one that refuses', $e->getStatus() === 0);

// Whoever connects here waits: for all of an answer, or for the rest of it.
$silent = stream_socket_server('tcp://127.0.0.1:0');
$began = microtime(true);
refused('a server that never answers', 'timeout', function () use ($config, $silent) {
    (new Haggle(['api_url' => 'http://' . stream_socket_get_name($silent, false), 'timeout' => 0.3] + $config))->revoke('U_1');
});
check('is waited for as long as was said, and not at all less', microtime(true) - $began >= 0.29);

foreach ([
    ['an answer that drips', 'timeout', "HTTP/1.1 200 OK\r\n", true],
    ['an answer that is cut', 'unreachable', "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", false],
    ['something else than Haggle', 'bad_answer', "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5\r\n\r\nhello", false],
    ['a redirect', 'bad_answer', "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", false],
    ['a server that has too much to do', 'busy', "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nX-Request-Id: r-1\r\nContent-Length: 53\r\n\r\n"
        . '{"error":{"code":"busy","message":"too much to do"}}' . "\n", false],
] as list($what, $code, $says, $drips)) {
    $server = proc_open([PHP_BINARY, __DIR__ . '/answer.php', $says, $drips ? '1' : '0'], [1 => ['pipe', 'w']], $pipes);
    $port = (int) fgets($pipes[1]);
    $e = refused($what, $code, function () use ($config, $port, $drips) {
        (new Haggle(['api_url' => 'http://127.0.0.1:' . $port, 'timeout' => $drips ? 0.5 : 20] + $config))->revoke('U_1');
    });
    if ($code === 'busy') {
        check('says when to try again', $e->getRetryAfter() === 2 && $e->getStatus() === 503 && $e->getRequestId() === 'r-1');
    }
    proc_terminate($server, 9);
    proc_close($server);
}
$server = proc_open([PHP_BINARY, __DIR__ . '/answer.php', "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    . "10\r\n{\"code\":\"abc\",\"e\r\n10;x=y\r\nxpires_at\":1234}\r\n0\r\n\r\n", '0'], [1 => ['pipe', 'w']], $pipes);
$code = (new Haggle(['api_url' => 'http://127.0.0.1:' . (int) fgets($pipes[1])] + $config))->loginCode('U_1');
check('an answer in chunks is put together', $code === ['code' => 'abc', 'expires_at' => 1234], $code);
proc_close($server);

await(getenv('SHOP_TLS'));
refused('a certificate that nobody knows', 'tls_failed', function () use ($config) {
    (new Haggle(['api_url' => getenv('SHOP_TLS')] + $config))->deleteProduct('1001');
});
$tls = ['api_url' => getenv('SHOP_TLS'), 'ca_file' => getenv('SHOP_CA')] + $config;
refused('one that is known', 'not_found', function () use ($tls) {
    (new Haggle($tls))->deleteProduct('1001');
});
refused('a certificate for another name', 'tls_failed', function () use ($tls) {
    (new Haggle(['api_url' => str_replace('127.0.0.1', 'localhost', $tls['api_url'])] + $tls))->deleteProduct('1001');
});
done();

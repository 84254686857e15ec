<?php
// What the helper does without a server: what it lets nobody say, what it keeps
// to itself, and the pages of the examples.

require __DIR__ . '/check.php';
require dirname(__DIR__) . '/Haggle.php';

$config = ['url' => 'https://chat.example.com/', 'secret' => getenv('SHOP_SECRET'), 'api_key' => 'hk_' . str_repeat('k', 30)];
$haggle = new Haggle($config);
$nasty = '小明 "O\'Brien" <b>&amp; 🙂';

/** The head and the claims of a token. */
function read($token)
{
    return array_map(function ($part) {
        return json_decode(base64_decode(strtr($part, '-_', '+/')), true);
    }, array_slice(explode('.', $token), 0, 2));
}

// --- Settings ---

foreach ([
    'no url' => ['url' => ''],
    'no scheme' => ['url' => 'chat.example.com'],
    'a path' => ['url' => 'https://chat.example.com/chat'],
    'a name in front' => ['url' => 'https://me:pw@chat.example.com'],
    'markup' => ['url' => 'https://chat.example.com"><script>'],
    'in the clear' => ['url' => 'http://chat.example.com'],
    'keys in the clear' => ['api_url' => 'http://10.0.0.7:8080'],
    'a short secret' => ['secret' => 'short'],
    'two secrets' => ['secret' => getenv('SHOP_SECRET') . ' ' . getenv('SHOP_SECRET')],
    'the server\'s own kid' => ['secret' => 'haggle:' . str_repeat('x', 32)],
    'a key on two lines' => ['api_key' => "hk_a\r\nX-Evil: 1"],
    'no time' => ['timeout' => 0],
    'another transport' => ['transport' => 'pigeon'],
    'a misspelt setting' => ['sekret' => 'x'],
] as $what => $wrong) {
    refused('settings with ' . $what, 'invalid_config', function () use ($wrong, $config) {
        new Haggle($wrong + $config);
    });
}
foreach (['http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:8080'] as $here) {
    new Haggle(['url' => $here] + $config);
}
new Haggle(['api_url' => 'http://haggle:8080', 'allow_http' => true] + $config);

// --- Tokens ---

list($head, $claims) = read($haggle->token('U_42', ['name' => $nasty]));
check('the kid is the one in front of the colon', $head === ['alg' => 'HS256', 'typ' => 'JWT', 'kid' => '2026'], $head);
check('a token lives for an hour', $claims['exp'] === (int) $claims['iat'] + 3600 && abs($claims['iat'] - time()) < 5, $claims);
check('a name is what it is', $claims['name'] === $nasty && $claims['sub'] === 'U_42' && $claims['aud'] === 'haggle');
foreach ([
    str_repeat('s', 32) => null,
    ':a:' . str_repeat('s', 32) => null,
    'not a kid:' . str_repeat('s', 32) => false,
    '中文:' . str_repeat('s', 32) => null,
    '2027:' . str_repeat('s', 32) . "\n" => '2027',
] as $secret => $kid) {
    if ($kid === false) {
        continue; // a blank
    }
    list($head) = read((new Haggle(['secret' => $secret] + $config))->token('U_1'));
    check('the kid of ' . $secret, (isset($head['kid']) ? $head['kid'] : null) === $kid, $head);
}
foreach (['', 'U_', 'U42', 'X_1', 'u_42', 'U_4 2', "U_42\n", 'U_中', 'U_' . str_repeat('x', 65), 'U_g-1', 42, null] as $uid) {
    refused('a uid like ' . var_export($uid, true), 'invalid_uid', function () use ($haggle, $uid) {
        $haggle->token($uid);
    });
}
foreach ([
    ['a day and a second', 'invalid_ttl', 'U_1', ['ttl' => 86401]],
    ['no time at all', 'invalid_ttl', 'U_1', ['ttl' => 0]],
    ['a buyer with staff', 'invalid_agent', 'U_1', ['agent' => 'mei']],
    ['a name without an agent', 'invalid_agent', 'V_1', ['agent_name' => 'Mei']],
    ['an agent who renames the shop', 'invalid_agent', 'V_1', ['agent' => 'mei', 'name' => 'Other shop']],
    ['an agent with a blank', 'invalid_agent', 'V_1', ['agent' => 'm ei']],
    ['a role', 'invalid_claim', 'U_1', ['role' => 'admin']],
    ['another subject', 'invalid_claim', 'U_1', ['sub' => 'V_1']],
    ['a name in GBK', 'invalid_text', 'U_1', ['name' => "\xd0\xa1\xc3\xf7"]],
    ['a name that is a list', 'invalid_text', 'U_1', ['name' => ['x']]],
] as list($what, $code, $uid, $claims)) {
    refused('a token for ' . $what, $code, function () use ($haggle, $uid, $claims) {
        $haggle->token($uid, $claims);
    });
}
refused('a token without a secret', 'no_secret', function () use ($config) {
    (new Haggle(['secret' => ''] + $config))->token('U_1');
});

// --- Prices ---

foreach (['12.50' => 1250, '12.5' => 1250, '12' => 1200, '0.01' => 1, '8.20' => 820, '1234567890123.45' => 123456789012345, '1.100' => 110] as $price => $amount) {
    check($price . ' is ' . $amount, Haggle::amount((string) $price) === $amount, Haggle::amount((string) $price));
}
check('the yen has none', Haggle::amount('1200', 0) === 1200);
foreach (['1.005', '-1', '1,50', '', '1e3', 12.5, null, '12.50元'] as $price) {
    refused('the price ' . var_export($price, true), 'invalid_price', function () use ($price) {
        Haggle::amount($price);
    });
}

// --- HTML ---

$html = $haggle->loginForm('"><script>', '/chat?product=1&x="', ['label' => $nasty, 'class' => '"><b>', 'target' => "'>"]);
check('nothing gets out of its place', strpos($html, '<script') === false && strpos($html, '<b>') === false
    && strpos($html, '小明 &quot;O&#039;Brien&quot; &lt;b&gt;&amp;amp; 🙂') !== false, $html);
check('it leads to the chat', strpos($html, '<form method="post" action="https://chat.example.com/v1/login"') === 0, $html);
check('an id is escaped', strpos($haggle->chatButton('t', 'a.b-C_1'), 'value="/chat?product=a.b-C_1"') !== false);
foreach (['/', '/chatter', '/v1/me', '//evil.example/chat', 'https://evil.example/chat', '/chat\\x', "/chat\n", '/chat x', '/chat?名', null] as $next) {
    refused('to go to ' . var_export($next, true), 'invalid_next', function () use ($haggle, $next) {
        $haggle->loginForm('t', $next);
    });
}
foreach (['..', '.', '', 'a/b', 'a b', '中', str_repeat('x', 65)] as $id) {
    refused('the product ' . $id, 'invalid_product', function () use ($haggle, $id) {
        $haggle->chatButton('t', $id);
    });
}

// --- Secrets stay inside ---

ob_start();
var_dump($haggle);
print_r($haggle);
$shown = ob_get_clean();
check('what is shown has no secret', strpos($shown, '0123456789abcdef') === false && strpos($shown, 'hk_') === false, $shown);
refused('to be written into a session', 'not_serializable', function () use ($haggle) {
    serialize($haggle);
});

// --- Webhooks ---

$body = '{"id":"q8w2m5","type":"ping","created_at":1763935260000}'; // as in docs/webhooks.md
$signed = [
    'HTTP_HAGGLE_TIMESTAMP' => '1763935260',
    'HTTP_HAGGLE_SIGNATURE' => 'v1=161ebba6d024c4571b871475bcbbcb4e1347cd4164502a90705893cbcba45dea',
];
$hook = Haggle::webhook('hw_example', $body, $signed, 1763935260);
check('a webhook is read', $hook === ['id' => 'q8w2m5', 'type' => 'ping', 'created_at' => 1763935260000, 'data' => []], $hook);
check('with the secret that comes', Haggle::webhook(['hw_next', 'hw_example'], $body, $signed, 1763935260 + 300)['id'] === 'q8w2m5');
$two = ['HTTP_HAGGLE_SIGNATURE' => 'v1=' . str_repeat('0', 64) . ',' . $signed['HTTP_HAGGLE_SIGNATURE']] + $signed;
check('with two signatures', Haggle::webhook('hw_example', $body, $two, 1763935260 - 300)['id'] === 'q8w2m5');
foreach ([
    'another secret' => ['hw_other', $body, $signed, 1763935260],
    'another body' => ['hw_example', $body . ' ', $signed, 1763935260],
    'another time' => ['hw_example', $body, ['HTTP_HAGGLE_TIMESTAMP' => '1763935261'] + $signed, 1763935260],
    'an old one' => ['hw_example', $body, $signed, 1763935260 + 301],
    'one to come' => ['hw_example', $body, $signed, 1763935260 - 301],
    'no signature' => ['hw_example', $body, ['HTTP_HAGGLE_TIMESTAMP' => '1763935260'], 1763935260],
    'an empty signature' => ['hw_example', $body, ['HTTP_HAGGLE_SIGNATURE' => ''] + $signed, 1763935260],
    'no time' => ['hw_example', $body, ['HTTP_HAGGLE_SIGNATURE' => $signed['HTTP_HAGGLE_SIGNATURE']], 1763935260],
    'a time with something behind it' => ['hw_example', $body, ['HTTP_HAGGLE_TIMESTAMP' => "1763935260\n"] + $signed, 1763935260],
    'a bare signature' => ['hw_example', $body, ['HTTP_HAGGLE_SIGNATURE' => substr($signed['HTTP_HAGGLE_SIGNATURE'], 3)] + $signed, 1763935260],
] as $what => $wrong) {
    refused('a webhook with ' . $what, 'invalid_webhook', function () use ($wrong) {
        Haggle::webhook($wrong[0], $wrong[1], $wrong[2], $wrong[3]);
    });
}
refused('a webhook without a secret', 'invalid_config', function () use ($body, $signed) {
    Haggle::webhook((string) getenv('NOT_THERE'), $body, $signed, 1763935260);
});
foreach (['[]', '"x"', '{"id":1,"type":"ping"}', ''] as $odd) {
    $time = ['HTTP_HAGGLE_TIMESTAMP' => '5', 'HTTP_HAGGLE_SIGNATURE' => 'v1=' . hash_hmac('sha256', '5.' . $odd, 'k')];
    refused('a webhook that is ' . $odd, 'invalid_webhook', function () use ($odd, $time) {
        Haggle::webhook('k', $odd, $time, 5);
    });
}

// --- The examples ---

require __DIR__ . '/thinkphp.php';
$pages = __DIR__ . '/../examples/thinkphp5/application/index/controller/';
require __DIR__ . '/../examples/thinkphp5/application/common/service/Chat.php';
require $pages . 'ProductController.php';
require $pages . 'MerchantController.php';
StandIn::$config['haggle'] = $config;
StandIn::$rows['product'] = [['product_id' => 1001, 'merchant_uid' => 'V_7', 'product_name' => $nasty, 'product_price' => '12.50', 'product_image' => 'https://shop.example/1.jpg']];

check('a product is told as Haggle wants it', app\common\service\Chat::product(StandIn::$rows['product'][0]) === [
    'id' => '1001', 'merchant' => 'V_7', 'title' => $nasty, 'amount' => 1250, 'currency' => 'CNY', 'kind' => 'virtual', 'image' => 'https://shop.example/1.jpg',
]);
$page = new app\index\controller\ProductController();
$html = $page->detail('1001');
check('who is not signed in is asked to', strpos($html, '登录后联系卖家') !== false && strpos($html, '/v1/login') === false, $html);
StandIn::$session['user'] = ['id' => 42, 'nickname' => $nasty];
$html = $page->detail('1001');
check('a product page has the button', strpos($html, 'name="next" value="/chat?product=1001"') !== false && strpos($html, '联系卖家') !== false, $html);
check('and its own words escaped', strpos($html, '<b>') === false && strpos($html, '&lt;b&gt;') !== false, $html);
preg_match('/name="token" value="([^"]+)"/', $html, $m);
check('with a token of the one who is signed in', read($m[1])[1]['sub'] === 'U_42' && read($m[1])[1]['name'] === $nasty);
try {
    $page->detail('404');
    check('an unknown product is not found', false);
} catch (StandInAbort $e) {
    check('an unknown product is not found', $e->getCode() === 404);
}

$office = new app\index\controller\MerchantController();
check('the console is for who is signed in', strpos($office->console(), '请先登录') !== false);
StandIn::$session['merchant'] = ['uid' => 'V_7', 'staff_id' => 3, 'staff_name' => '小美'];
preg_match('/name="token" value="([^"]+)".*value="\/console"/', $office->console(), $m);
check('it opens for one of the staff', isset($m[1]) && read($m[1])[1]['agent'] === 'staff-3' && read($m[1])[1]['agent_name'] === '小美', $m);
done();

<?php
// The example without a framework, served by PHP at SHOP_PAGE, to a browser that
// is signed in to the shop (see session.php).

require __DIR__ . '/check.php';
require __DIR__ . '/browser.php';

$page = getenv('SHOP_PAGE');
await($page);
$got = ask('GET', $page . '/plain.php?product=shown-1');
check('the page is there', $got['status'] === 200 && strpos($got['body'], '青瓷杯 &quot;Celadon&quot; 🍵') !== false, $got);
check('no cache keeps it', stripos($got['head'], 'Cache-Control: private, no-store') !== false, $got['head']);
check('the cookie is as safe as it can be', preg_match('/^Set-Cookie: haggle_token=eyJ[\w.-]+; Path=\/; Max-Age=86400; HttpOnly; SameSite=Lax$/m', $got['head']) === 1, $got['head']);
$by = ask('GET', $page . '/plain.php?product=shown-1', ['X-Forwarded-Proto: https']);
check('behind TLS, Secure too', preg_match('/^Set-Cookie: haggle_token=.*; Secure$/m', $by['head']) === 1, $by['head']);

$in = press($got['body'], $page);
check('the button leads into the chat about the product', $in['status'] === 303 && strpos($in['head'], 'Location: /chat?product=shown-1') !== false, $in['head']);
check('which the shop has told of', preg_match('/haggle_buyer=[^;]+/', $in['head'], $cookie) === 1
    && ask('GET', getenv('SHOP_URL') . '/chat?product=shown-1', ['Cookie: ' . $cookie[0]])['status'] === 200);

preg_match('/haggle_token=([^;]+)/', $got['head'], $m);
$me = ask('GET', getenv('SHOP_URL') . '/v1/products/shown-1', ['Authorization: Bearer ' . $m[1]]);
check('the cookie is a token of the same buyer', json_decode($me['body'], true)['amount'] === 12800, $me);

$evil = ask('GET', $page . '/plain.php?product=' . rawurlencode('"><script>alert(1)</script>'));
check('an address does not write into the page', $evil['status'] === 200 && strpos($evil['body'], '<script') === false, $evil['body']);
done();

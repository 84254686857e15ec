<?php
/**
 * A product page without a framework, with the chat on it:
 *
 *     HAGGLE_URL=https://chat.example.com HAGGLE_TOKEN_SECRET=… HAGGLE_API_KEY=… \
 *         php -S 127.0.0.1:8000 -t examples
 *
 * and open http://127.0.0.1:8000/plain.php?product=1001. That address has to be
 * one of Haggle's --origins.
 */
require_once __DIR__ . '/../Haggle.php';

if (session_status() !== PHP_SESSION_ACTIVE) {
    session_start();
}

$haggle = new Haggle([
    'url' => getenv('HAGGLE_URL'),
    'secret' => getenv('HAGGLE_TOKEN_SECRET'),
    'api_key' => getenv('HAGGLE_API_KEY'),
]);

// The shop's own product; here it is made up.
$product = [
    'id' => isset($_GET['product']) ? (string) $_GET['product'] : '1001',
    'merchant' => 'E_9',
    'title' => '青瓷杯 "Celadon" 🍵',
    'price' => '128.00',
];

// Haggle learns of a product when it changes. A shop does this where it saves
// one, not on the page that shows it; here there is no other place.
try {
    $haggle->putProduct([
        'id' => $product['id'],
        'merchant' => $product['merchant'],
        'title' => $product['title'],
        'amount' => Haggle::amount($product['price']),
        'currency' => 'CNY',
        'kind' => 'physical',
    ]);
} catch (HaggleException $e) {
    error_log('haggle: ' . $e->getMessage() . ' ' . $e->getRequestId()); // the page works without the chat
}

// Who is asking comes from the shop's session, and from nowhere else.
$chat = '<a href="/login.php">Sign in to chat with the seller</a>';
if (isset($_SESSION['user_id'])) {
    $token = $haggle->setCookie('U_' . $_SESSION['user_id'], ['name' => $_SESSION['user_name']]);
    try {
        $chat = $haggle->chatButton($token, $product['id'], ['label' => '联系卖家']);
    } catch (HaggleException $e) {
        $chat = '';
    }
}

header('Content-Type: text/html; charset=utf-8');
header('Cache-Control: private, no-store'); // the page has a token in it
?>
<!doctype html>
<meta charset="utf-8">
<title><?php echo htmlspecialchars($product['title'], ENT_QUOTES, 'UTF-8'); ?></title>
<h1><?php echo htmlspecialchars($product['title'], ENT_QUOTES, 'UTF-8'); ?></h1>
<p>¥<?php echo htmlspecialchars($product['price'], ENT_QUOTES, 'UTF-8'); ?></p>
<?php echo $chat; ?>

<?php
// Every method of GatewayClient against a server, or two:
//
//     php every.php
//
// REGISTER is where the Register is, of one of them; SOCKETS are where pages open their
// sockets, WEBS where they post, a place for each server, with commas between; GATEWAY_SECRET
// is the secretKey. SHOP_SECRET is what the shop signs with.

use HaggleTest\Gateway;
use HaggleTest\Page;
use HaggleTest\Session;

require getenv('SDK') . '/tests/check.php';
require getenv('SDK') . '/Haggle.php';
require __DIR__ . '/Gateway.php';
require __DIR__ . '/page.php';

Gateway::$registerAddress = getenv('REGISTER');
Gateway::$secretKey = (string) getenv('GATEWAY_SECRET');
$sockets = explode(',', getenv('SOCKETS'));
$webs = explode(',', getenv('WEBS'));
$haggle = new Haggle(['url' => $webs[0], 'secret' => getenv('SHOP_SECRET'), 'api_key' => 'hk_0123456789abcdef0123456789']);

function same($name, $got, $want)
{
    check($name, $got === $want, ['got' => $got, 'want' => $want]);
}

/** Waits until something is so that no call of PHP's has made so: a page's end, or a server's. */
function soon($name, callable $get, $want)
{
    for ($until = microtime(true) + 20; ($got = $get()) != $want && microtime(true) < $until;) {
        usleep(5000);
    }
    check($name, $got == $want, ['got' => $got, 'want' => $want]);
}

/** A list without its order. */
function set($list)
{
    $list = array_values($list);
    sort($list);
    return $list;
}

// The Register tells of all servers.
soon('the Register tells of all', function () {
    return count(Gateway::addresses());
}, count(array_unique($sockets)));

// Three pages: two of U_7's, at the first server and the last, and one of V_1's; and one of
// nobody's, which PHP knows by its client_id alone.
$near = $sockets[0];
$far = end($sockets);
$token = $haggle->token('U_7');
$a = new Page($near, $token);
$b = new Page($far, $token);
$c = new Page($far, $haggle->token('V_1'));
$d = new Page($near);
$pages = [$a, $b, $c, $d];
$ids = [$a->client_id, $b->client_id, $c->client_id, $d->client_id];
check('a client_id has 20 characters', count(array_filter($ids, [Gateway::class, 'isClientId'])) === 4, $ids);
check('each is another', count(array_unique($ids)) === 4, $ids);
check('it leads to an address that the Register tells', in_array(Gateway::route($c->client_id)[0], Gateway::addresses(), true), $ids);

// What the page's own request binds, PHP finds.
$answer = file_get_contents($webs[0] . '/push/push/BindUserClientId', false, stream_context_create(['http' => [
    'method' => 'POST', 'header' => "Authorization: Bearer $token\r\nContent-Type: application/x-www-form-urlencoded\r\n",
    'content' => 'client_id=' . $a->client_id,
]]));
same('the page binds itself', json_decode($answer, true)['status'] ?? null, 1);
same('isUidOnline', Gateway::isUidOnline('U_7'), 1);
same('isUidOnline of nobody', Gateway::isUidOnline('U_404'), 0);

// bindUid, and the questions about it. A server carries out what one address says in the
// order in which it is said, over however many connections: so PHP need not wait between
// what is not answered and a question about it.
check('bindUid', Gateway::bindUid($b->client_id, 'U_7'));
Gateway::bindUid($c->client_id, 'V_1');
same('getClientIdByUid', set(Gateway::getClientIdByUid('U_7')), set([$a->client_id, $b->client_id]));
same('getUidByClientId', Gateway::getUidByClientId($c->client_id), 'V_1');
same('getUidByClientId of an unbound one', Gateway::getUidByClientId($d->client_id), null);
$by_uid = Gateway::batchGetClientIdByUid(['U_7', 'V_1', 'U_404']);
same('batchGetClientIdByUid', [set($by_uid['U_7']), $by_uid['V_1'], $by_uid['U_404']], [set([$a->client_id, $b->client_id]), [$c->client_id], []]);
same('isUidsOnline', Gateway::isUidsOnline(['U_7', 'V_1', 'U_404']), ['U_7' => 1, 'V_1' => 1, 'U_404' => 0]);
same('isOnline', Gateway::isOnline($b->client_id), 1);
$gone = Gateway::clientId(Gateway::route($b->client_id)[0], 4000000000);
same('isOnline of one that is not there', Gateway::isOnline($gone), 0);
same('getAllUidList', set(Gateway::getAllUidList()), ['U_7', 'V_1']);
same('getAllUidCount', Gateway::getAllUidCount(), 2);
same('getAllClientIdList', set(Gateway::getAllClientIdList()), set($ids));
same('getAllClientIdCount', Gateway::getAllClientIdCount(), 4);
same('getAllClientCount', Gateway::getAllClientCount(), 4);

// Pushes come in the order of the calls; each is awaited to know which call it is of.
function pushed(array $pages, array $want, $name)
{
    foreach ($pages as $i => $page) {
        foreach ($want[$i] as $text) {
            same("$name reaches page $i", $page->next(), $text);
        }
    }
    foreach ($pages as $i => $page) {
        same("$name reaches page $i no more than that", $page->all(), []);
    }
}

Gateway::sendToAll('all');
pushed($pages, [['all'], ['all'], ['all'], ['all']], 'sendToAll');
Gateway::sendToAll('some', [$a->client_id, $c->client_id]);
pushed($pages, [['some'], [], ['some'], []], 'sendToAll to a list');
Gateway::sendToAll('but', null, [$a->client_id, $c->client_id]);
pushed($pages, [[], ['but'], [], ['but']], 'sendToAll but a list');
Gateway::sendToAll(chr(0x81) . chr(3) . 'raw', null, null, true);
pushed($pages, [['raw'], ['raw'], ['raw'], ['raw']], 'sendToAll raw');
check('sendToClient', Gateway::sendToClient($d->client_id, '李雷'));
pushed($pages, [[], [], [], ['李雷']], 'sendToClient');
Gateway::sendToClient($d->client_id, chr(0x81) . chr(3) . 'raw', true);
pushed($pages, [[], [], [], ['raw']], 'sendToClient raw');
Gateway::sendToClient($d->client_id, 12.5);
pushed($pages, [[], [], [], ['12.5']], 'sendToClient of a number');
Gateway::sendToClient($d->client_id, ['a' => 1, 'b' => ['x', '/']]);
pushed($pages, [[], [], [], ['{"a":1,"b":["x","\\/"]}']], 'sendToClient of an array');
Gateway::sendToUid('U_7', '{"type":"order"}');
pushed($pages, [['{"type":"order"}'], ['{"type":"order"}'], [], []], 'sendToUid');
Gateway::sendToUid(['U_7', 'V_1'], 'two');
pushed($pages, [['two'], ['two'], ['two'], []], 'sendToUid to two');
Gateway::sendToUid('U_7', chr(0x81) . chr(3) . 'raw', true);
pushed($pages, [['raw'], ['raw'], [], []], 'sendToUid raw');
Gateway::bindUid($d->client_id, 42);
same('bindUid of a number', Gateway::isUidOnline(42), 1);
Gateway::sendToUid(42, 'number');
pushed($pages, [[], [], [], ['number']], 'sendToUid of a number');
check('unbindUid', Gateway::unbindUid($d->client_id, 42));
same('unbindUid unbinds', Gateway::isUidOnline(42), 0);

// Sessions of Haggle's own protocol hear once what is sent to their uid, at whichever
// server they are.
$sessions = [new Session($webs[0], $token), new Session(end($webs), $token)];
$stranger = new Session($webs[0], $haggle->token('U_9'));
Gateway::sendToUid('U_7', '{"order":"A-17"}');
Gateway::sendToUid(['U_7'], 'text');
pushed($pages, [['{"order":"A-17"}', 'text'], ['{"order":"A-17"}', 'text'], [], []], 'sendToUid beside sessions');
Gateway::sendToUid(['U_7', 'U_9'], '"last"');
foreach ($sessions as $i => $session) {
    same("session $i hears it once", [$session->push(), $session->push(), $session->push()], ['{"order":"A-17"}', '"text"', '"last"']);
}
same('a session of another uid hears nothing of it', $stranger->push(), '"last"');
pushed($pages, [['"last"'], ['"last"'], [], []], 'sendToUid, the last');
foreach ([$stranger, $sessions[0], $sessions[1]] as $session) {
    $session->leave();
}

// Groups.
foreach ([[$a, 'g1'], [$a, 7], [$c, 'g1'], [$d, 'g2']] as [$page, $group]) {
    check('joinGroup', Gateway::joinGroup($page->client_id, $group));
}
same('getAllGroupIdList', set(Gateway::getAllGroupIdList()), set(['g1', 'g2', 7]));
same('getClientIdListByGroup', set(Gateway::getClientIdListByGroup('g1')), set([$a->client_id, $c->client_id]));
same('getClientIdListByGroup of two', set(Gateway::getClientIdListByGroup(['g1', 'g2'])), set([$a->client_id, $c->client_id, $d->client_id]));
same('getClientIdCountByGroup', Gateway::getClientIdCountByGroup('g1'), 2);
same('getClientCountByGroup', Gateway::getClientCountByGroup('g1'), 2);
same('batchGetClientIdCountByGroup', Gateway::batchGetClientIdCountByGroup(['g1', 7, 'none']), ['g1' => 2, 7 => 1, 'none' => 0]);
same('getUidListByGroup', set(Gateway::getUidListByGroup('g1')), ['U_7', 'V_1']);
same('getUidCountByGroup', Gateway::getUidCountByGroup('g1'), 2);
Gateway::sendToGroup('g1', 'group');
pushed($pages, [['group'], [], ['group'], []], 'sendToGroup');
Gateway::sendToGroup(['g1', 'g2'], 'groups', [$c->client_id]);
pushed($pages, [['groups'], [], [], ['groups']], 'sendToGroup to two but one');
Gateway::sendToGroup('g1', chr(0x81) . chr(3) . 'raw', null, true);
pushed($pages, [['raw'], [], ['raw'], []], 'sendToGroup raw');

// The library leaves off at the first connection without a uid, or a group, of each
// gateway: so all of them have both.
Gateway::bindUid($d->client_id, 'U_8');
Gateway::joinGroup($b->client_id, 'g2');
same('all have a group', Gateway::getClientIdCountByGroup('g2'), 2);
same('all have a uid', Gateway::getAllUidCount(), 3);
$by_group = Gateway::getAllGroupUidList();
same('getAllGroupUidList', [set($by_group['g1']), set($by_group['g2']), set($by_group[7])], [['U_7', 'V_1'], ['U_7', 'U_8'], ['U_7']]);
$counts = Gateway::getAllGroupUidCount();
same('getAllGroupUidCount', [$counts['g1'], $counts['g2'], $counts[7]], [2, 2, 1]);
$by_group = Gateway::getAllGroupClientIdList();
same('getAllGroupClientIdList', [set($by_group['g1']), set($by_group[7])], [set([$a->client_id, $c->client_id]), [$a->client_id]]);
$counts = Gateway::getAllGroupClientIdCount();
same('getAllGroupClientIdCount', [$counts['g1'], $counts['g2'], $counts[7]], [2, 2, 1]);
check('leaveGroup', Gateway::leaveGroup($a->client_id, 'g1'));
same('leaveGroup leaves', Gateway::getClientIdCountByGroup('g1'), 1);
Gateway::ungroup('g1');
same('ungroup', set(Gateway::getAllGroupIdList()), set(['g2', 7]));

// Sessions.
same('getSession of an empty one', Gateway::getSession($c->client_id), []);
same('getSession of one that is not there', Gateway::getSession($gone), null);
same('getSession of what is no client_id', Gateway::getSession('x'), false);
$session = ['name' => '李', 'n' => 3, 'f' => 0.1, 'yes' => true, 'none' => null, 'cart' => [['id' => 1], ['id' => 2]]];
check('setSession', Gateway::setSession($c->client_id, $session));
same('setSession sets', Gateway::getSession($c->client_id), $session);
check('updateSession', Gateway::updateSession($c->client_id, ['n' => 4, 'cart' => [1 => ['id' => 9, 'new' => true]]]));
$session = array_replace_recursive($session, ['n' => 4, 'cart' => [1 => ['id' => 9, 'new' => true]]]);
same('updateSession updates', Gateway::getSession($c->client_id)['n'], 4);
same('updateSession, as PHP has it', Gateway::getSession($c->client_id), $session);
Gateway::joinGroup($c->client_id, 'g3');
same('joinGroup again', Gateway::getClientIdCountByGroup('g3'), 1);
$sessions = Gateway::getAllClientSessions();
same('getAllClientSessions', [count($sessions), $sessions[$c->client_id], $sessions[$a->client_id]], [4, $session, []]);
same('getClientSessionsByGroup', Gateway::getClientSessionsByGroup('g3'), [$c->client_id => $session]);
same('getAllClientInfo', count(Gateway::getAllClientInfo()), 4);
same('getClientInfoByGroup', Gateway::getClientInfoByGroup('g3'), [$c->client_id => $session]);
Gateway::setSocketSession($c->client_id, '');
same('setSocketSession', Gateway::getSession($c->client_id), []);
Gateway::setSession($c->client_id, ['object' => new stdClass()]);
Gateway::setSession($d->client_id, ['later' => 1]);
same('what comes after', Gateway::getSession($d->client_id), ['later' => 1]);
same('an object in a session is refused', Gateway::getSession($c->client_id), []);

// Closing. A page that PHP has closed is gone for the next call, however long its browser
// takes to notice.
check('closeClient', Gateway::closeClient($a->client_id, 'bye'));
same('closeClient ends it for PHP', Gateway::isOnline($a->client_id), 0);
same('and for its uid', Gateway::getClientIdByUid('U_7'), [$b->client_id]);
same('closeClient says a last word', $a->next(), 'bye');
check('closeClient closes', $a->closed());
Gateway::closeClient($b->client_id);
same('so is the uid', Gateway::isUidOnline('U_7'), 0);
check('closeClient without a word', $b->closed());
check('destoryClient', Gateway::destoryClient($d->client_id));
same('they are gone', array_values(Gateway::getAllClientIdList()), [$c->client_id]);
same('none of them counts', Gateway::getAllClientCount(), 1);
check('destoryClient drops', $d->closed());
$c->leave();
soon('and the last', function () {
    return Gateway::getAllClientCount();
}, 0);

done();

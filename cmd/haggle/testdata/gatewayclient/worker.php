<?php
// A stand-in for a BusinessWorker with the Events.php of an old chat: it answers every
// event by a command, and one page checks what it hears.
//
//     php worker.php
//
// The environment is every.php's.

use HaggleTest\Gateway;
use HaggleTest\Page;

require getenv('SDK') . '/tests/check.php';
require __DIR__ . '/Gateway.php';
require __DIR__ . '/page.php';

Gateway::$registerAddress = getenv('REGISTER');
Gateway::$secretKey = (string) getenv('GATEWAY_SECRET');
$sockets = explode(',', getenv('SOCKETS'));

/** A worker, connected to the gateway of every address that the Register tells. */
class Worker
{
    public $connections = [];

    public function __construct($name)
    {
        foreach (Gateway::addresses() as $address) {
            // As workerman's: what is said goes out at once, and does not wait for what was said before.
            $at_once = stream_context_create(['socket' => ['tcp_nodelay' => true]]);
            $socket = stream_socket_client("tcp://$address", $code, $error, 10, STREAM_CLIENT_CONNECT, $at_once);
            stream_set_timeout($socket, 20);
            fwrite($socket, Gateway::packet(200, 0, '', json_encode(['worker_key' => $name, 'secret_key' => Gateway::$secretKey])));
            // It is a worker by the time that it is answered.
            fwrite($socket, Gateway::packet(Gateway::IS_ONLINE, 1));
            stream_get_contents($socket, 8);
            $this->connections[$address] = $socket;
        }
    }

    /** The next event, from any gateway. */
    public function event()
    {
        $read = array_values($this->connections);
        $none = null;
        if (!stream_select($read, $none, $none, 20)) {
            throw new Exception('no event');
        }
        $socket = reset($read);
        $head = stream_get_contents($socket, 28);
        $m = unpack('Nlength/Ccmd/Nlocal_ip/nlocal_port/Nclient_ip/nclient_port/Nnumber/Cflag/ngateway_port/Next', $head);
        $rest = $m['length'] > 28 ? stream_get_contents($socket, $m['length'] - 28) : '';
        $m['session'] = substr($rest, 0, $m['ext']);
        $body = substr($rest, $m['ext']);
        $m['body'] = $m['flag'] & 1 ? $body : unserialize($body, ['allowed_classes' => false]);
        $m['client_id'] = Gateway::clientId(long2ip($m['local_ip']) . ':' . $m['local_port'], $m['number']);
        Gateway::$current = [$socket, $m['number']];
        $m['answer'] = function ($cmd, $ext = '', $body = '') use ($socket, $m) {
            fwrite($socket, Gateway::packet($cmd, $m['number'], $ext, $body));
        };
        return $m;
    }
}

// Without a worker pages live: the handshake is answered.
$early = new Page($sockets[0]);
check('a page is answered without a worker', Gateway::isClientId($early->client_id));

$worker = new Worker('Chat:0');
check('it is at every gateway', count($worker->connections) === count(array_unique($sockets)));
foreach (array_unique($sockets) as $place) {
    $page = new Page($place);
    $m = $worker->event();
    check('ON_CONNECT', $m['cmd'] === 1 && $m['client_id'] === $page->client_id && $m['session'] === '', $m['cmd']);
    check('it says which port pages have', $m['gateway_port'] === (int) explode(':', $place)[1], $m['gateway_port']);
    $m = $worker->event();
    check('ON_WEBSOCKET_CONNECT', $m['cmd'] === 205 && $m['body']['get'] === ['from' => 'test'] && $m['body']['server']['REQUEST_METHOD'] === 'GET', $m['body']);
    $m['answer'](Gateway::SET_SESSION, serialize(['from' => $m['body']['get']['from']]));
    $m['answer'](Gateway::BIND_UID, 'U_5');
    $m['answer'](Gateway::JOIN_GROUP, 'all');
    $m = $worker->event();
    check('ON_MESSAGE of the handshake', $m['cmd'] === 3 && $m['body'] === '{"type":"handshake","role":"user"}', $m['body']);
    // What it has said over the connection that it keeps is done before what it asks over others.
    check('it asks for the uid that it has bound', Gateway::getUidByClientId($m['client_id']) === 'U_5');
    check('it asks for the group that was joined', array_values(Gateway::getClientIdListByGroup('all')) === [$m['client_id']]);
    check('it asks for the session that it has set', Gateway::getSession($m['client_id']) === ['from' => 'test']);
    $page->say('{"type":"hello"}');
    $m = $worker->event();
    check('ON_MESSAGE, with the session', $m['cmd'] === 3 && $m['body'] === '{"type":"hello"}' && unserialize($m['session']) === ['from' => 'test'], $m['session']);
    foreach ([
        [Gateway::SEND_TO_ONE, ''], [Gateway::SEND_TO_ALL, json_encode(['connections' => [$m['number'] => $m['number']]])],
        [Gateway::SEND_TO_UID, '["U_5"]'], [Gateway::SEND_TO_GROUP, '{"group":["all"],"exclude":null}'],
    ] as [$cmd, $ext]) {
        $m['answer']($cmd, $ext, "answer $cmd");
        check("the worker answers by command $cmd", $page->next() === "answer $cmd");
    }
    Gateway::sendToCurrentClient('current');
    check('sendToCurrentClient', $page->next() === 'current');
    Gateway::sendToCurrentClient(chr(0x81) . chr(3) . 'raw', true);
    check('sendToCurrentClient raw', $page->next() === 'raw');
    $one = [$m['number'] => $m['number']];
    $m['answer'](Gateway::SEND_TO_ALL, json_encode(['exclude' => $one]), 'to all but it');
    check('the others get what is sent to all but one', $place !== $sockets[0] || $early->next() === 'to all but it');
    $m['answer'](Gateway::SEND_TO_GROUP, json_encode(['group' => ['all'], 'exclude' => $one]), 'to the group but it');
    Gateway::sendToCurrentClient('after');
    check('the one does not', $page->next() === 'after');
    $m['answer'](Gateway::UPDATE_SESSION, serialize(['n' => 1]));
    check('the worker updates a session', Gateway::getSession($m['client_id']) === ['from' => 'test', 'n' => 1]);
    $m['answer'](Gateway::LEAVE_GROUP, 'all');
    check('it has a page leave a group', Gateway::getClientIdCountByGroup('all') === 0);
    $m['answer'](Gateway::UNBIND_UID, 'U_5');
    check('it takes the uid away', Gateway::getUidByClientId($m['client_id']) === null && Gateway::isUidOnline('U_5') === 0);
    Gateway::closeCurrentClient('bye');
    check('it is gone for the next question', Gateway::isOnline($m['client_id']) === 0);
    check('closeCurrentClient', $page->next() === 'bye' && $page->closed());
    $m = $worker->event();
    check('ON_CLOSE, with the session', $m['cmd'] === 4 && $m['client_id'] === $page->client_id && unserialize($m['session']) === ['from' => 'test', 'n' => 1], $m);

    $page = new Page($place);
    foreach ([1, 205, 3] as $cmd) {
        $m = $worker->event();
        check("a second page's command $cmd", $m['cmd'] === $cmd && $m['client_id'] === $page->client_id, $m['cmd']);
    }
    Gateway::destoryCurrentClient();
    check('what is dropped is gone for the next question', Gateway::isOnline($m['client_id']) === 0);
    check('destoryCurrentClient', $page->closed());
    $m = $worker->event();
    check('ON_CLOSE of what was dropped', $m['cmd'] === 4 && $m['client_id'] === $page->client_id, $m['cmd']);
}
$early->say('{"type":"late"}');
$m = $worker->event();
check('a page that was there before the worker', $m['cmd'] === 3 && $m['body'] === '{"type":"late"}', $m);

done();

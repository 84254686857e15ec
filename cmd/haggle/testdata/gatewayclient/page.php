<?php
// An old page, and a session of Haggle's own protocol, as far as a browser has to do with
// them.

namespace HaggleTest;

class Socket
{
    private $socket;

    public function __construct($address, $path, $headers)
    {
        $this->socket = stream_socket_client("tcp://$address", $code, $error, 10);
        stream_set_timeout($this->socket, 20);
        fwrite($this->socket, "GET $path HTTP/1.1\r\nHost: $address\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            . 'Sec-WebSocket-Key: ' . base64_encode(random_bytes(16)) . "\r\nSec-WebSocket-Version: 13\r\n"
            . $headers . "\r\n");
        while (($line = fgets($this->socket)) !== "\r\n") {
            if ($line === false) {
                throw new \Exception('no upgrade');
            }
        }
    }

    public function say($text)
    {
        $mask = random_bytes(4);
        $masked = $text ^ str_repeat($mask, intdiv(strlen($text), 4) + 1);
        $length = strlen($text) < 126 ? chr(0x80 | strlen($text)) : chr(0xfe) . pack('n', strlen($text));
        fwrite($this->socket, chr(0x81) . $length . $mask . substr($masked, 0, strlen($text)));
    }

    /** The next text that is no ping of the server's; false once the socket is closed. */
    public function next()
    {
        for (;;) {
            $head = $this->read(2);
            if ($head === false) {
                return false;
            }
            $length = ord($head[1]);
            if ($length === 126) {
                $length = unpack('n', $this->read(2))[1];
            }
            $text = $length ? $this->read($length) : '';
            if (ord($head[0]) === 0x88) {
                return false;
            }
            if ($text !== '{"type":"ping"}') {
                return $text;
            }
            $this->say('{"type":"pong"}');
        }
    }

    /** Whether the server closes it. */
    public function closed()
    {
        while (($text = $this->next()) !== false) {
        }
        return !stream_get_meta_data($this->socket)['timed_out'];
    }

    public function leave()
    {
        fclose($this->socket);
    }

    private function read($n)
    {
        $data = stream_get_contents($this->socket, $n);
        return strlen($data) === $n ? $data : false;
    }
}

class Page extends Socket
{
    public $client_id;

    /** Opens a socket at HOST:PORT, with a token or without, up to its handshake. */
    public function __construct($address, $token = '')
    {
        parent::__construct($address, '/?from=test', $token === '' ? '' : "Cookie: haggle_token=$token\r\n");
        $this->say('{"type":"handshake","role":"user"}');
        $this->client_id = json_decode($this->next(), true)['client_id'];
    }

    /** All that has come before what is sent now. */
    public function all()
    {
        $mark = 'mark' . bin2hex(random_bytes(4));
        Gateway::sendToClient($this->client_id, $mark);
        $all = [];
        while (($text = $this->next()) !== $mark) {
            if ($text === false) {
                throw new \Exception('the socket was closed');
            }
            $all[] = $text;
        }
        return $all;
    }
}

class Session extends Socket
{
    /** Opens a session at http://HOST:PORT, up to its welcome. */
    public function __construct($url, $token)
    {
        parent::__construct(substr($url, strlen('http://')), '/v1/ws', "Sec-WebSocket-Protocol: haggle.v1\r\n");
        $this->say(json_encode(['id' => 1, 'hello' => ['token' => $token]]));
        $this->next();
    }

    /** The payload of the next push. */
    public function push()
    {
        while (($frame = json_decode($this->next())) !== null) {
            if (isset($frame->push)) {
                return json_encode($frame->push->payload);
            }
        }
        return null;
    }
}

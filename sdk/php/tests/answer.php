<?php
// answer.php TEXT DRIPS: a server that takes one request, says TEXT and, if DRIPS
// is 1, goes on with a byte of a header now and then, for ever. It prints its port.

$listener = stream_socket_server('tcp://127.0.0.1:0');
echo (int) substr(strrchr(stream_socket_get_name($listener, false), ':'), 1), "\n";
$caller = stream_socket_accept($listener, 30);
$request = '';
while (!preg_match('/\r\n\r\n/', $request) && !feof($caller)) {
    $request .= fread($caller, 8192);
}
fwrite($caller, $argv[1]);
while ($argv[2] === '1') {
    usleep(20000);
    fwrite($caller, 'x');
}

<?php
// As much of a browser as the tests need.

/** Asks the server as a browser does: status, headers, body. */
function ask($method, $address, array $headers = [], $body = '')
{
    $context = stream_context_create(['http' => [
        'method' => $method, 'header' => $headers, 'content' => $body, 'ignore_errors' => true, 'follow_location' => 0, 'timeout' => 20,
    ]]);
    $stream = fopen($address, 'r', false, $context);
    $head = stream_get_meta_data($stream)['wrapper_data'];
    return ['status' => (int) substr($head[0], 9, 3), 'head' => implode("\n", $head), 'body' => stream_get_contents($stream)];
}

/** The fields of the only form in some HTML, read as a browser reads it. */
function form($html)
{
    preg_match('/<form method="post" action="([^"]*)"/', $html, $form);
    preg_match_all('/name="(\w+)" value="([^"]*)"/', $html, $m);
    $read = function ($text) {
        return html_entity_decode($text, ENT_QUOTES, 'UTF-8');
    };
    return ['action' => $read($form[1]), 'fields' => array_combine($m[1], array_map($read, $m[2]))];
}

/** Presses the button of a form on a page of that origin. */
function press($html, $origin)
{
    $form = form($html);
    return ask('POST', $form['action'], ['Origin: ' . $origin, 'Content-Type: application/x-www-form-urlencoded'], http_build_query($form['fields']));
}

/** Waits until somebody listens there. */
function await($address)
{
    set_error_handler(function () {
        return true;
    });
    for ($i = 0; $i < 400; $i++) {
        $stream = stream_socket_client('tcp://' . parse_url($address, PHP_URL_HOST) . ':' . parse_url($address, PHP_URL_PORT));
        if ($stream !== false) {
            break;
        }
        usleep(50000);
    }
    restore_error_handler();
}

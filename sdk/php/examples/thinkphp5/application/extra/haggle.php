<?php
// ThinkPHP 5.0: application/extra/haggle.php. ThinkPHP 5.1: config/haggle.php.
// Keep the two secrets out of the repository: in .env, or in the server's environment.
return [
    'url' => getenv('HAGGLE_URL'), // https://chat.example.com
    'secret' => getenv('HAGGLE_TOKEN_SECRET'), // what Haggle's --token-secret says
    'api_key' => getenv('HAGGLE_API_KEY'), // in Haggle's data directory: api-key
];

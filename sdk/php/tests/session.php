<?php
// Before the example: somebody has signed in to the shop.
session_start();
$_SESSION['user_id'] = 42;
$_SESSION['user_name'] = '小明 "O\'Brien" <b>';

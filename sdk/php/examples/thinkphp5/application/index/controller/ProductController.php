<?php

namespace app\index\controller;

use app\common\service\Chat;
use think\Controller;
use think\Db;

/**
 * The product page, with the chat on it. Without controller_suffix in the
 * configuration the class and the file are named Product.
 */
class ProductController extends Controller
{
    public function detail($pid = 0)
    {
        $row = Db::name('product')->where('product_id', (int) $pid)->find();
        if (!$row) {
            abort(404);
        }
        $this->assign('product', $row);
        $this->assign('chat', $this->chat($row));
        return $this->fetch();
    }

    /** The button, as HTML; '' when the chat is not set up. */
    private function chat(array $row)
    {
        $user = session('user'); // from the shop's own sign-in, never from the request
        if (!$user) {
            return '<a href="/index/login/index">登录后联系卖家</a>';
        }
        try {
            $haggle = Chat::haggle();
            // For the old chat's pages, too: their socket knows this cookie.
            $token = $haggle->setCookie('U_' . $user['id'], ['name' => $user['nickname']]);
            return $haggle->chatButton($token, $row['product_id'], ['label' => '联系卖家']);
        } catch (\HaggleException $e) {
            trace('haggle: ' . $e->getMessage(), 'error');
            return '';
        }
    }
}

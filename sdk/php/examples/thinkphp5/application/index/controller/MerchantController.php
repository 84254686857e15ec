<?php

namespace app\index\controller;

use app\common\service\Chat;
use think\Controller;
use think\Db;

/**
 * The back office: the way into Haggle's console, and what the old chat page
 * needs for as long as it is used.
 */
class MerchantController extends Controller
{
    /** A page with the button that opens the console. */
    public function console()
    {
        $this->assign('button', '');
        if ($staff = $this->staff()) {
            $haggle = Chat::haggle();
            $token = $haggle->token($staff['uid'], ['agent' => $staff['agent'], 'agent_name' => $staff['name']]);
            $this->assign('button', $haggle->consoleButton($token, ['label' => '打开客服工作台']));
        }
        return $this->fetch();
    }

    /**
     * The old merchant page. Its myCode and toUserCode used to be made with
     * encrypt_hopeband; now Haggle issues them, and who the merchant is comes from
     * the cookie alone.
     */
    public function oldChat()
    {
        $codes = ['my_code' => '', 'buyers' => []];
        if ($staff = $this->staff()) {
            $haggle = Chat::haggle();
            $haggle->setCookie($staff['uid'], ['agent' => $staff['agent'], 'agent_name' => $staff['name']]);
            $numbers = Db::table('hp_chat_log')->where('merchant_id', $staff['uid'])->group('user_id')->column('user_id');
            $buyers = array_map(function ($number) {
                return 'U_' . $number;
            }, $numbers);
            $codes = ['my_code' => $haggle->myCode($staff['uid']), 'buyers' => $haggle->buyerCodes($staff['uid'], $buyers)];
        }
        $this->assign('codes', $codes);
        return $this->fetch('old_chat');
    }

    /** Who of which merchant is signed in to the back office. */
    private function staff()
    {
        $user = session('merchant');
        if (!$user) {
            return null;
        }
        return ['uid' => $user['uid'], 'agent' => 'staff-' . $user['staff_id'], 'name' => $user['staff_name']];
    }
}

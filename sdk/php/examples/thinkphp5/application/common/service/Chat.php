<?php

namespace app\common\service;

/**
 * What this shop and Haggle have to say to each other, in one place.
 *
 * Haggle.php lies in extend/, from where ThinkPHP 5 loads it by itself; with
 * composer it is found anyway.
 */
class Chat
{
    /** @return \Haggle */
    public static function haggle()
    {
        return new \Haggle([
            'url' => config('haggle.url'),
            'secret' => config('haggle.secret'),
            'api_key' => config('haggle.api_key'),
        ]);
    }

    /**
     * Tells Haggle of a product. Call it where a product is saved: in the model's
     * event after_write, or at the end of the action that saves one. A shop goes
     * on selling when the chat is away, so this only logs what went wrong.
     */
    public static function productSaved(array $row)
    {
        try {
            self::haggle()->putProduct(self::product($row));
            return true;
        } catch (\HaggleException $e) {
            trace('haggle: ' . $e->getMessage() . ' ' . $e->getRequestId(), 'error');
            return false;
        }
    }

    /** A row of the shop's table of products, as Haggle wants it: change the names to yours. */
    public static function product(array $row)
    {
        return [
            'id' => (string) $row['product_id'],
            'merchant' => $row['merchant_uid'], // V_7 or E_9: what getMidByProductid() returned
            'title' => $row['product_name'],
            'amount' => \Haggle::amount($row['product_price']), // "12.50" is 1250
            'currency' => 'CNY',
            'kind' => $row['merchant_uid'][0] === 'V' ? 'virtual' : 'physical',
            'image' => $row['product_image'], // with https:// and the host
        ];
    }
}

<?php
// A client of GatewayWorker's protocols for Haggle's tests. It is not GatewayClient: it was
// written from the description of what GatewayClient puts on the wire, and has its methods.

namespace HaggleTest;

class Gateway
{
    public static $registerAddress = '127.0.0.1:1236';
    public static $secretKey = '';
    public static $connectTimeout = 3;

    /** Of a worker: its connection to the gateway whose event it handles, and the number of the page's. */
    public static $current;

    const SEND_TO_ONE = 5;
    const SEND_TO_ALL = 6;
    const KICK = 7;
    const DESTROY = 8;
    const UPDATE_SESSION = 9;
    const GET_ALL_CLIENT_SESSIONS = 10;
    const IS_ONLINE = 11;
    const BIND_UID = 12;
    const UNBIND_UID = 13;
    const SEND_TO_UID = 14;
    const GET_CLIENT_ID_BY_UID = 15;
    const BATCH_GET_CLIENT_ID_BY_UID = 16;
    const JOIN_GROUP = 20;
    const LEAVE_GROUP = 21;
    const SEND_TO_GROUP = 22;
    const GET_CLIENT_SESSIONS_BY_GROUP = 23;
    const GET_CLIENT_COUNT_BY_GROUP = 24;
    const SELECT = 25;
    const GET_GROUP_ID_LIST = 26;
    const UNGROUP = 27;
    const BATCH_GET_CLIENT_COUNT_BY_GROUP = 28;
    const GATEWAY_CLIENT_CONNECT = 202;
    const GET_SESSION_BY_CLIENT_ID = 203;
    const SET_SESSION = 204;

    // --- sending ---

    public static function sendToAll($message, $client_ids = null, $exclude = null, $raw = false)
    {
        if ($client_ids !== null) {
            $by_address = [];
            foreach ((array) $client_ids as $id) {
                [$address, $number] = self::route($id);
                $by_address[$address][$number] = $number;
            }
            foreach ($by_address as $address => $numbers) {
                self::write($address, self::packet(self::SEND_TO_ALL, 0, json_encode(['connections' => $numbers]), $message, $raw));
            }
            return;
        }
        $but = self::byAddress($exclude);
        foreach (self::addresses() as $address) {
            $ext = isset($but[$address]) ? json_encode(['exclude' => $but[$address]]) : '';
            self::write($address, self::packet(self::SEND_TO_ALL, 0, $ext, $message, $raw));
        }
    }

    public static function sendToClient($client_id, $message, $raw = false)
    {
        return self::tell($client_id, self::SEND_TO_ONE, '', $message, $raw);
    }

    public static function sendToCurrentClient($message, $raw = false)
    {
        return self::tellCurrent(self::SEND_TO_ONE, $message, $raw);
    }

    public static function sendToUid($uid, $message, $raw = false)
    {
        self::everywhere(self::packet(self::SEND_TO_UID, 0, json_encode((array) $uid), $message, $raw));
    }

    public static function sendToGroup($group, $message, $exclude = null, $raw = false)
    {
        $but = self::byAddress($exclude);
        foreach (self::addresses() as $address) {
            $ext = json_encode(['group' => (array) $group, 'exclude' => $but[$address] ?? null]);
            self::write($address, self::packet(self::SEND_TO_GROUP, 0, $ext, $message, $raw));
        }
    }

    // --- identity ---

    public static function bindUid($client_id, $uid)
    {
        return self::tell($client_id, self::BIND_UID, (string) $uid);
    }

    public static function unbindUid($client_id, $uid)
    {
        return self::tell($client_id, self::UNBIND_UID, (string) $uid);
    }

    public static function isUidOnline($uid)
    {
        return (int) self::getClientIdByUid($uid);
    }

    public static function isUidsOnline(array $uids)
    {
        $online = [];
        foreach (self::batchGetClientIdByUid($uids) as $uid => $ids) {
            $online[$uid] = (int) $ids;
        }
        return $online;
    }

    public static function isOnline($client_id)
    {
        return self::askOne($client_id, self::IS_ONLINE);
    }

    public static function getClientIdByUid($uid)
    {
        $ids = [];
        foreach (self::askAll(self::packet(self::GET_CLIENT_ID_BY_UID, 0, (string) $uid)) as $address => $numbers) {
            foreach ($numbers as $number) {
                $ids[] = self::clientId($address, $number);
            }
        }
        return $ids;
    }

    public static function batchGetClientIdByUid(array $uids)
    {
        $all = array_fill_keys($uids, []);
        foreach (self::askAll(self::packet(self::BATCH_GET_CLIENT_ID_BY_UID, 0, json_encode(array_values($uids)))) as $address => $by_uid) {
            foreach ($by_uid as $uid => $numbers) {
                foreach ($numbers as $number) {
                    $all[$uid][] = self::clientId($address, $number);
                }
            }
        }
        return $all;
    }

    public static function getUidByClientId($client_id)
    {
        $found = self::select(['uid'], ['client_id' => [$client_id]]);
        return $found[$client_id]['uid'] ?? null;
    }

    public static function getAllUidList()
    {
        return self::column('uid', []);
    }

    public static function getAllUidCount()
    {
        return count(self::getAllUidList());
    }

    public static function getAllClientIdList()
    {
        $ids = array_keys(self::select(['uid'], []));
        return array_combine($ids, $ids);
    }

    public static function getAllClientIdCount()
    {
        return self::getClientIdCountByGroup();
    }

    public static function getAllClientCount()
    {
        return self::getAllClientIdCount();
    }

    // --- groups ---

    public static function joinGroup($client_id, $group)
    {
        return self::tell($client_id, self::JOIN_GROUP, (string) $group);
    }

    public static function leaveGroup($client_id, $group)
    {
        return self::tell($client_id, self::LEAVE_GROUP, (string) $group);
    }

    public static function ungroup($group)
    {
        self::everywhere(self::packet(self::UNGROUP, 0, (string) $group));
    }

    public static function getClientIdListByGroup($group)
    {
        $ids = array_keys(self::select(['uid'], ['groups' => (array) $group]));
        return array_combine($ids, $ids);
    }

    public static function getClientIdCountByGroup($group = '')
    {
        return array_sum(self::askAll(self::packet(self::GET_CLIENT_COUNT_BY_GROUP, 0, (string) $group)));
    }

    public static function getClientCountByGroup($group = '')
    {
        return self::getClientIdCountByGroup($group);
    }

    public static function batchGetClientIdCountByGroup(array $groups)
    {
        $counts = array_fill_keys($groups, 0);
        foreach (self::askAll(self::packet(self::BATCH_GET_CLIENT_COUNT_BY_GROUP, 0, json_encode(array_values($groups)))) as $by_group) {
            foreach ($by_group as $group => $count) {
                $counts[$group] += $count;
            }
        }
        return $counts;
    }

    public static function getUidListByGroup($group)
    {
        return self::column('uid', ['groups' => (array) $group]);
    }

    public static function getUidCountByGroup($group)
    {
        return count(self::getUidListByGroup($group));
    }

    public static function getAllGroupIdList()
    {
        $groups = [];
        foreach (self::askAll(self::packet(self::GET_GROUP_ID_LIST)) as $list) {
            foreach ($list as $group) {
                $groups[$group] = $group;
            }
        }
        return $groups;
    }

    public static function getAllGroupUidList()
    {
        $all = [];
        foreach (self::select(['uid', 'groups'], []) as $info) {
            if (empty($info['uid']) || empty($info['groups'])) {
                break; // sic: so it is there
            }
            foreach ($info['groups'] as $group) {
                $all[$group][$info['uid']] = $info['uid'];
            }
        }
        return $all;
    }

    public static function getAllGroupUidCount()
    {
        return array_map('count', self::getAllGroupUidList());
    }

    public static function getAllGroupClientIdList()
    {
        $all = [];
        foreach (self::select(['groups'], []) as $client_id => $info) {
            if (empty($info['groups'])) {
                break; // sic
            }
            foreach ($info['groups'] as $group) {
                $all[$group][$client_id] = $client_id;
            }
        }
        return $all;
    }

    public static function getAllGroupClientIdCount()
    {
        return array_map('count', self::getAllGroupClientIdList());
    }

    // --- sessions ---

    public static function setSession($client_id, array $session)
    {
        return self::setSocketSession($client_id, serialize($session));
    }

    public static function setSocketSession($client_id, $text)
    {
        return self::tell($client_id, self::SET_SESSION, $text);
    }

    public static function updateSession($client_id, array $session)
    {
        return self::tell($client_id, self::UPDATE_SESSION, serialize($session));
    }

    public static function getSession($client_id)
    {
        if (!self::isClientId($client_id)) {
            return false;
        }
        return self::askOne($client_id, self::GET_SESSION_BY_CLIENT_ID);
    }

    public static function getAllClientSessions($group = '')
    {
        $cmd = $group === '' ? self::GET_ALL_CLIENT_SESSIONS : self::GET_CLIENT_SESSIONS_BY_GROUP;
        $all = [];
        foreach (self::askAll(self::packet($cmd, 0, (string) $group)) as $address => $sessions) {
            foreach ($sessions as $number => $text) {
                $all[self::clientId($address, $number)] = $text === '' ? [] : unserialize($text);
            }
        }
        return $all;
    }

    public static function getClientSessionsByGroup($group)
    {
        return self::getAllClientSessions($group);
    }

    public static function getAllClientInfo($group = '')
    {
        return self::getAllClientSessions($group);
    }

    public static function getClientInfoByGroup($group)
    {
        return self::getAllClientSessions($group);
    }

    // --- closing ---

    public static function closeClient($client_id, $message = null)
    {
        return self::tell($client_id, self::KICK, '', $message);
    }

    public static function destoryClient($client_id)
    {
        return self::tell($client_id, self::DESTROY);
    }

    public static function closeCurrentClient($message = null)
    {
        return self::tellCurrent(self::KICK, $message);
    }

    public static function destoryCurrentClient()
    {
        return self::tellCurrent(self::DESTROY);
    }

    // --- the wire ---

    public static function isClientId($client_id)
    {
        return strlen($client_id) === 20 && ctype_xdigit($client_id);
    }

    /** The address and the number of a connection. */
    public static function route($client_id)
    {
        if (!self::isClientId($client_id)) {
            throw new \Exception("$client_id is no client_id");
        }
        $parts = unpack('Nip/nport/Nnumber', hex2bin($client_id));
        return [long2ip($parts['ip']) . ':' . $parts['port'], $parts['number']];
    }

    public static function clientId($address, $number)
    {
        [$ip, $port] = explode(':', $address);
        return bin2hex(pack('NnN', ip2long($ip), $port, $number));
    }

    private static function byAddress($client_ids)
    {
        $by_address = [];
        foreach ((array) $client_ids as $id) {
            [$address, $number] = self::route($id);
            $by_address[$address][$number] = $number;
        }
        return $by_address;
    }

    /** A packet as pack("NCNnNnNCnN") begins it. */
    public static function packet($cmd, $number = 0, $ext = '', $body = '', $raw = false)
    {
        $flag = is_scalar($body) ? 1 : 0;
        if (!$flag) {
            $body = serialize($body);
        }
        if ($raw) {
            $flag |= 2;
        }
        $length = 28 + strlen($ext) + strlen($body);
        return pack('NCNnNnNCnN', $length, $cmd, 0, 0, 0, 0, $number, $flag, 0, strlen($ext)) . $ext . $body;
    }

    private static function select(array $fields, array $where)
    {
        $found = [];
        if (isset($where['client_id'])) {
            foreach (self::byAddress($where['client_id']) as $address => $numbers) {
                $where = ['connection_id' => $numbers];
                $answer = self::ask($address, self::packet(self::SELECT, 0, json_encode(['fields' => $fields, 'where' => $where])));
                foreach ($answer as $number => $info) {
                    $found[self::clientId($address, $number)] = $info;
                }
            }
            return $found;
        }
        $packet = self::packet(self::SELECT, 0, json_encode(['fields' => $fields, 'where' => $where]));
        foreach (self::askAll($packet) as $address => $answer) {
            foreach ($answer as $number => $info) {
                $found[self::clientId($address, $number)] = $info;
            }
        }
        return $found;
    }

    private static function column($field, array $where)
    {
        $values = [];
        foreach (self::select([$field], $where) as $info) {
            if (!empty($info[$field])) {
                $values[$info[$field]] = $info[$field];
            }
        }
        return $values;
    }

    /** What the Register tells: a new connection each time, and one line. */
    public static function addresses()
    {
        $socket = self::connect(self::$registerAddress);
        fwrite($socket, json_encode(['event' => 'worker_connect', 'secret_key' => self::$secretKey]) . "\n");
        stream_set_timeout($socket, 5);
        $line = fgets($socket, 655350);
        fclose($socket);
        $told = $line === false ? null : json_decode($line, true);
        if (empty($told['addresses'])) {
            throw new \Exception('the Register at ' . self::$registerAddress . ' told ' . var_export($line, true));
        }
        return $told['addresses'];
    }

    private static function connect($address)
    {
        $socket = stream_socket_client("tcp://$address", $code, $error, self::$connectTimeout);
        if (!$socket) {
            throw new \Exception("connect to $address: $error");
        }
        return $socket;
    }

    private static function prefix()
    {
        if (self::$secretKey === '') {
            return '';
        }
        return self::packet(self::GATEWAY_CLIENT_CONNECT, 0, '', json_encode(['secret_key' => self::$secretKey]));
    }

    /** Writes and closes, as php-fpm does. */
    private static function write($address, $packet)
    {
        $socket = self::connect($address);
        $data = self::prefix() . $packet;
        $written = fwrite($socket, $data);
        fclose($socket);
        return $written === strlen($data);
    }

    public static function ask($address, $packet)
    {
        $socket = self::connect($address);
        fwrite($socket, self::prefix() . $packet);
        stream_set_timeout($socket, 5);
        $head = stream_get_contents($socket, 4);
        $body = strlen($head) === 4 ? stream_get_contents($socket, unpack('N', $head)[1]) : '';
        fclose($socket);
        if ($body === '') {
            throw new \Exception("$address does not answer");
        }
        return unserialize($body, ['allowed_classes' => false]);
    }

    private static function tell($client_id, $cmd, $ext = '', $body = '', $raw = false)
    {
        [$address, $number] = self::route($client_id);
        return self::write($address, self::packet($cmd, $number, $ext, $body, $raw));
    }

    /** Over the worker's own connection, which it keeps. */
    private static function tellCurrent($cmd, $body = '', $raw = false)
    {
        [$socket, $number] = self::$current;
        $packet = self::packet($cmd, $number, '', $body, $raw);
        return fwrite($socket, $packet) === strlen($packet);
    }

    private static function askOne($client_id, $cmd)
    {
        [$address, $number] = self::route($client_id);
        return self::ask($address, self::packet($cmd, $number));
    }

    private static function everywhere($packet)
    {
        foreach (self::addresses() as $address) {
            self::write($address, $packet);
        }
    }

    private static function askAll($packet)
    {
        $answers = [];
        foreach (self::addresses() as $address) {
            $answers[$address] = self::ask($address, $packet);
        }
        return $answers;
    }
}

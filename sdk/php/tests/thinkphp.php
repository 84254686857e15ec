<?php
// Stand-ins for the little of ThinkPHP 5 that the examples use. They are none of
// it: nothing is connected to, and what there is to find is in StandIn.

namespace {
    final class StandIn
    {
        public static $config = [];
        public static $session = [];
        public static $rows = [];
    }

    final class StandInAbort extends \RuntimeException
    {
    }

    function config($name)
    {
        list($file, $key) = explode('.', $name);
        return isset(StandIn::$config[$file][$key]) ? StandIn::$config[$file][$key] : null;
    }

    function session($name)
    {
        return isset(StandIn::$session[$name]) ? StandIn::$session[$name] : null;
    }

    function abort($status)
    {
        throw new StandInAbort('', $status);
    }

    function trace($words)
    {
        throw new \LogicException('unexpected: ' . $words);
    }
}

namespace think {
    class Controller
    {
        private $assigned = [];

        protected function assign($name, $value)
        {
            $this->assigned[$name] = $value;
        }

        /** Renders the view of the action that calls, as ThinkPHP finds it. */
        protected function fetch($template = '')
        {
            $caller = debug_backtrace(DEBUG_BACKTRACE_IGNORE_ARGS, 2)[1];
            $folder = strtolower(preg_replace('/^.*\\\\|Controller$/', '', $caller['class']));
            $view = __DIR__ . '/../examples/thinkphp5/application/index/view/' . $folder . '/' . ($template ?: $caller['function']) . '.html';
            $render = function ($_view, array $_assigned) {
                foreach ($_assigned as $_name => $_value) {
                    $$_name = $_value;
                }
                ob_start();
                include $_view;
                return ob_get_clean();
            };
            return $render($view, $this->assigned);
        }
    }

    class Db
    {
        private $rows;

        public static function name($table)
        {
            return self::table($table);
        }

        public static function table($table)
        {
            $db = new self();
            $db->rows = isset(\StandIn::$rows[$table]) ? \StandIn::$rows[$table] : [];
            return $db;
        }

        public function where($column, $value)
        {
            $this->rows = array_values(array_filter($this->rows, function (array $row) use ($column, $value) {
                return $row[$column] === $value;
            }));
            return $this;
        }

        public function group($column)
        {
            $this->rows = array_values(array_column($this->rows, null, $column));
            return $this;
        }

        public function column($column)
        {
            return array_column($this->rows, $column);
        }

        public function find()
        {
            return isset($this->rows[0]) ? $this->rows[0] : null;
        }
    }
}

<?php
// Nothing in the helper and its examples is newer than PHP 7.0, as far as that
// can be seen from a newer PHP. php -l says the rest.

require __DIR__ . '/check.php';

/** What is too new in a file. */
function tooNew($code)
{
    $found = [];
    $tokens = [];
    foreach (token_get_all($code) as $token) {
        $token = is_array($token) ? $token : [0, $token, end($tokens)[2] ?? 0];
        if (!in_array($token[0], [T_WHITESPACE, T_COMMENT, T_DOC_COMMENT], true)) {
            $tokens[] = $token;
        }
    }
    $text = function ($i) use ($tokens) {
        return isset($tokens[$i]) ? strtolower($tokens[$i][1]) : '';
    };
    $words = ['fn', 'match', 'enum', 'readonly', '??=', '?->', '...', 'never', 'mixed'];
    $functions = ['array_key_first', 'array_key_last', 'is_iterable', 'is_countable', 'hrtime', 'str_contains', 'str_starts_with',
        'str_ends_with', 'array_is_list', 'array_find', 'mb_str_split', 'fdiv', 'get_debug_type', 'json_validate', 'iterator_apply'];
    $lines = explode("\n", $code);
    foreach ($tokens as $i => list($id, $word, $line)) {
        $low = strtolower($word);
        $before = $text($i - 1);
        $after = $text($i + 1);
        $two = $before . ' ' . $low;
        $isName = $before === '->' || $before === '::' || $before === 'function' || $id === T_CONSTANT_ENCAPSED_STRING;
        $bad = (in_array($low, $words, true) && !$isName)
            || (in_array($low, $functions, true) && $after === '(' && !$isName)
            || ($low === ',' && in_array($after, [')', '}'], true))
            || ($low === '?' && in_array($before, ['(', ',', ':', 'public', 'private', 'protected', 'static'], true) && preg_match('/^[\\\\a-z]/', $after))
            || ($before === ':' && in_array($low, ['void', 'iterable', 'object', 'static'], true))
            || (in_array($two, ['public const', 'private const', 'protected const'], true))
            || ($id === T_LNUMBER && strpos($word, '_') !== false)
            || (in_array($before, ['public', 'private', 'protected'], true) && preg_match('/^[\\\\a-z?]/', $low)
                && !in_array($low, ['function', 'static', 'const', 'abstract', 'final'], true))
            || strpos($low, 'json_throw_on_error') === 0;
        // To PHP 7 an attribute is a comment up to the end of its line.
        if (defined('T_ATTRIBUTE') && $id === T_ATTRIBUTE && trim($lines[$line - 1]) !== '#[\SensitiveParameter]') {
            $bad = true;
        }
        if ($low === 'catch') {
            for ($j = $i; $text($j) !== ')'; $j++) {
                $bad = $bad || $text($j) === '|';
            }
        }
        if ($bad) {
            $found[] = 'line ' . $line . ': ' . $word;
        }
    }
    if (preg_match('/<\?(?!php\b|=)/', $code)) {
        $found[] = 'a short tag';
    }
    return $found;
}

// The check itself can fail.
foreach (['fn($x) => 1;', '$a ??= 1;', '$a?->b;', 'function f(?int $x) {}', 'function f(): ?int {}', 'function f(): void {}',
    'class A { private int $x; }', 'class A { private const X = 1; }', 'try {} catch (A | B $e) {}', 'f(1, 2,);', 'str_contains(1, 2);',
    '$x = match (1) { 1 => 2 };', '$x = 1_000;', 'function f(#[\SensitiveParameter] $x) {}', 'f(...$x);', ] as $new) {
    check($new . ' is found to be too new', tooNew("<?php\n" . $new) !== []);
}
check('what is old enough passes', tooNew("<?php\nclass A { const X = 1; private static \$x = [1, 2,]; function f(array \$x): int { return \$x ? 1 : 2; } }") === []);

$root = dirname(__DIR__);
$files = [$root . '/Haggle.php'];
foreach (new RecursiveIteratorIterator(new RecursiveDirectoryIterator($root . '/examples', FilesystemIterator::SKIP_DOTS)) as $file) {
    if (preg_match('/\.(php|html)$/', $file)) {
        $files[] = (string) $file;
    }
}
check('the examples are there', count($files) >= 8, $files);
foreach ($files as $file) {
    $code = file_get_contents($file);
    check(basename($file) . ' is old enough', tooNew($code) === [], tooNew($code));
    exec(escapeshellarg(PHP_BINARY) . ' -l ' . escapeshellarg($file) . ' 2>&1', $said, $status);
    check(basename($file) . ' can be read', $status === 0, $said);
    check(basename($file) . ' evaluates nothing', !preg_match('/\b(eval|create_function|assert|unserialize|extract)\s*\(/', $code));
}

// What the pages tell people to write can be read, too.
$pages = glob($root . '/README*.md');
foreach (glob($root . '/../../docs/migrate-from-php*.md') as $page) {
    $pages[] = $page;
}
foreach ($pages as $page) {
    preg_match_all('/^```php\n(.*?)^```/ms', file_get_contents($page), $blocks);
    check(basename($page) . ' shows how', $blocks[1] !== []);
    foreach ($blocks[1] as $block) {
        check(basename($page) . ': ' . strtok($block, "\n") . ' is old enough', tooNew("<?php\n" . $block) === [], tooNew("<?php\n" . $block));
        $file = tempnam(sys_get_temp_dir(), 'haggle');
        file_put_contents($file, "<?php\n" . $block);
        exec(escapeshellarg(PHP_BINARY) . ' -l ' . escapeshellarg($file) . ' 2>&1', $said, $status);
        unlink($file);
        check(basename($page) . ': ' . strtok($block, "\n") . ' can be read', $status === 0, $said);
    }
}
done();

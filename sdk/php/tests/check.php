<?php
// What the tests have in common. A test script says what it promises with
// check() and refused(), and ends with done().

error_reporting(E_ALL);
ini_set('display_errors', 'stderr');
ini_set('zend.exception_ignore_args', '0'); // as on many a shop's server
// A warning or a deprecation anywhere is a failure.
set_error_handler(function ($no, $message, $file, $line) {
    if (!(error_reporting() & $no)) {
        return true;
    }
    throw new ErrorException($message, 0, $no, $file, $line);
});

final class Checks
{
    public static $done = 0;
    public static $failed = 0;
}

/** What is promised, and whether it holds. */
function check($promise, $holds, $saw = null)
{
    Checks::$done++;
    if ($holds !== true) {
        Checks::$failed++;
        fwrite(STDERR, 'FAILED: ' . $promise . ($saw === null ? '' : "\n  saw: " . var_export($saw, true)) . "\n");
    }
}

/** That this is refused with the code, and without a secret in what is said. Returns the exception. */
function refused($promise, $code, callable $do)
{
    try {
        $do();
    } catch (HaggleException $e) {
        check($promise, $e->getErrorCode() === $code, $e->getErrorCode() . ': ' . $e->getMessage());
        check($promise . ', without arguments in the trace', array_column($e->getTrace(), 'args') === []);
        $said = $e . print_r($e->getTrace(), true);
        foreach (array_filter([getenv('SHOP_SECRET'), getenv('SHOP_API_KEY'), 'eyJ']) as $secret) {
            check($promise . ', without a secret in it', strpos($said, $secret) === false, $said);
        }
        return $e;
    }
    check($promise, false, 'it was not refused');
    return new HaggleException('', '');
}

function done()
{
    fwrite(Checks::$failed > 0 ? STDERR : STDOUT, Checks::$done . ' checks, ' . Checks::$failed . " failed\n");
    exit(Checks::$failed > 0 ? 1 : 0);
}

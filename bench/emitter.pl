# Stands for an agent that streams: COUNT lines of JSON with the time (seconds), one every INTERVAL seconds; 0 is without a pause.
use strict;
use warnings;
use Time::HiRes qw(time sleep);

my ($interval, $count) = @ARGV;
$| = $interval > 0;
my $text = 'x' x 120;
sleep(rand() * $interval);
for my $n (1 .. $count) {
    printf qq({"type":"stream_event","n":%d,"at":%.6f,"text":"%s"}\n), $n, time(), $text;
    sleep($interval) if $interval > 0;
}

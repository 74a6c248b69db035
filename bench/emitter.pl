# Stands for an agent that streams: a line of JSON with the time (seconds) every INTERVAL seconds, COUNT times.
use strict;
use warnings;
use Time::HiRes qw(time sleep);

my ($interval, $count) = @ARGV;
$| = 1;
my $text = 'x' x 120;
sleep(rand() * $interval);
for my $n (1 .. $count) {
    printf qq({"type":"stream_event","n":%d,"at":%.6f,"text":"%s"}\n), $n, time(), $text;
    sleep($interval);
}

#!/usr/bin/perl
# Stands for Claude Code where fifty of it would not fit on the machine: it speaks as much of its protocol as Skein needs, and
# streams. The prompt says how: "every MS ms for SECONDS s". Each delta begins with the time at which it was written.
use strict;
use warnings;
use JSON::PP qw(decode_json encode_json);
use Time::HiRes qw(time sleep);

if (grep { $_ eq '--version' } @ARGV) { print "2.1.329 (Claude Code)\n"; exit 0 }

$| = 1;
my $session = '5e55104e-0000-4000-8000-000000000000';
my $messages = 0;

sub say_line { print encode_json($_[0]) . "\n" }

while (my $line = <STDIN>) {
    my $given = decode_json($line);
    if ($given->{type} eq 'control_request') {
        say_line({
            type => 'control_response',
            response => { subtype => 'success', request_id => $given->{request_id}, response => {} },
        });
    }
    turn($given) if $given->{type} eq 'user';
}

sub turn {
    my ($prompt) = @_;
    my $uuid = $prompt->{uuid};
    my $content = $prompt->{message}{content};
    my ($ms, $seconds) = $content =~ /every (\d+) ms for (\d+) s/ or die "how am I to stream: $content";
    say_line({ type => 'command_lifecycle', command_uuid => $uuid, state => $_ }) for ('queued', 'started');
    say_line({
        type => 'system', subtype => 'init', cwd => '/', session_id => $session, model => 'claude-opus-5-5',
        permissionMode => 'default', user_message_uuids => [$uuid],
    });
    say_line({ type => 'user', message => $prompt->{message}, uuid => $uuid, session_id => $session, isReplay => JSON::PP::true });
    my $end = time() + $seconds;
    sleep(rand() * $ms / 1000);
    message($ms / 1000, $end) while time() < $end;
    say_line({
        type => 'result', subtype => 'success', is_error => JSON::PP::false, num_turns => 1, duration_ms => $seconds * 1000,
        stop_reason => 'end_turn', total_cost_usd => 0.01, result => 'Done.', session_id => $session,
    });
    say_line({ type => 'command_lifecycle', command_uuid => $uuid, state => 'completed' });
}

# A message of some two hundred deltas, then the whole of it.
sub message {
    my ($pause, $end) = @_;
    my $id = sprintf 'msg_%06d', ++$messages;
    stream({ type => 'message_start', message => { id => $id, role => 'assistant', content => [] } });
    stream({ type => 'content_block_start', index => 0, content_block => { type => 'text', text => '' } });
    my $text = '';
    for my $n (1 .. 200) {
        last if time() >= $end;
        # Written out by hand: the time must be that of the write.
        # A paragraph of some lines, and then the next.
        my $end_of_it = $n % 10 == 0 ? "\n\n" : '';
        my $delta = sprintf 'at=%.3f; the reader takes line %d as it comes. ', time() * 1000, $n;
        printf qq({"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%s%s"}},"session_id":"%s","parent_tool_use_id":null}\n), $delta, $end_of_it && '\n\n', $session;
        $text .= $delta . $end_of_it;
        sleep($pause);
    }
    say_line({
        type => 'assistant', parent_tool_use_id => undef, session_id => $session,
        message => { id => $id, role => 'assistant', model => 'claude-opus-5-5', content => [{ type => 'text', text => $text }] },
    });
    stream({ type => 'content_block_stop', index => 0 });
    stream({ type => 'message_stop' });
}

sub stream { say_line({ type => 'stream_event', event => $_[0], session_id => $session, parent_tool_use_id => undef }) }

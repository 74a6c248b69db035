#!/usr/bin/perl
# Stands for Claude Code where what is measured is all around it: takes each prompt, works for CHEAP_AGENT_SECONDS, writes the file
# that the prompt names ("write NAME"), and says so. Appends each prompt that it ends well to CHEAP_AGENT_LOG. Until the time
# CHEAP_AGENT_LIMITED_UNTIL (seconds) it has used up what it may use.
use strict;
use warnings;
use Time::HiRes qw(sleep);

if (grep { $_ eq '--version' } @ARGV) { print "2.1.0 (stand-in)\n"; exit 0 }
$| = 1;
my $session = '';
for my $n (0 .. $#ARGV) { $session = $ARGV[$n + 1] if $ARGV[$n] =~ /^--(session-id|resume)$/ }
my $seconds = $ENV{CHEAP_AGENT_SECONDS} // 1;
while (my $line = <STDIN>) {
    if ($line =~ /"type":"control_request"/ and $line =~ /"request_id":"([^"]+)"/) {
        print qq({"type":"control_response","response":{"subtype":"success","request_id":"$1","response":{}}}\n);
    }
    elsif ($line =~ /"type":"user"/ and $line =~ /"uuid":"([^"]+)"/) {
        my $id = $1;
        my ($name) = $line =~ /write ([\w.-]+)/;
        print qq({"type":"command_lifecycle","command_uuid":"$id","state":"started","session_id":"$session"}\n);
        print qq({"type":"system","subtype":"init","session_id":"$session","model":"stand-in","user_message_uuids":["$id"]}\n);
        my $until = $ENV{CHEAP_AGENT_LIMITED_UNTIL} // 0;
        if (time() < $until) {
            print qq({"type":"rate_limit_event","session_id":"$session","rate_limit_info":{"status":"rejected","resetsAt":$until,"rateLimitType":"five_hour"}}\n);
            print qq({"type":"result","subtype":"success","is_error":true,"session_id":"$session","num_turns":1,"duration_ms":1,"total_cost_usd":0,"api_error_status":429,"terminal_reason":"api_error","result":"You've hit your limit"}\n);
            print qq({"type":"command_lifecycle","command_uuid":"$id","state":"completed","session_id":"$session"}\n);
            next;
        }
        sleep($seconds);
        if (defined $name) { open(my $file, '>', $name) or die $!; print $file "$name\n"; close($file) }
        my $text = 'Wrote ' . ($name // 'nothing') . '.';
        print qq({"type":"assistant","session_id":"$session","message":{"id":"m-$id","role":"assistant","model":"stand-in","content":[{"type":"text","text":"$text"}]}}\n);
        if (defined $ENV{CHEAP_AGENT_LOG}) { open(my $log, '>>', $ENV{CHEAP_AGENT_LOG}) or die $!; syswrite($log, ($name // '') . "\n"); close($log) }
        print qq({"type":"result","subtype":"success","is_error":false,"session_id":"$session","num_turns":1,"duration_ms":1,"total_cost_usd":0.01,"result":"$text"}\n);
        print qq({"type":"command_lifecycle","command_uuid":"$id","state":"completed","session_id":"$session"}\n);
    }
}

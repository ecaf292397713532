# A hello server or client of its own: hello.pl server PORT | hello.pl client PORT
use strict;
use warnings;
use IO::Socket::INET;
my ($role, $port) = @ARGV;
if ($role eq "server") {
    my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1", LocalPort => $port, Listen => 16, ReuseAddr => 1) or die $@;
    $| = 1;
    print "ready\n";
    while (my $client = $listener->accept) {
        sysread($client, my $line, 4096);
        syswrite($client, "hello from 127.0.0.1:$port\n");
        close($client);
    }
} else {
    my $socket = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $port) or die $@;
    syswrite($socket, "hello srv\n");
    while (sysread($socket, my $text, 4096)) { print $text }
}

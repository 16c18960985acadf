module example.org/dns

go 1.20

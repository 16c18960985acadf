package main

import (
	"fmt"
	"time"

	"example.org/gate/quota"
)

func main() {
	q := quota.New(2, time.Minute, time.Now)
	for i := 0; i < 3; i++ {
		fmt.Println(q.Allow("me"), q.Remaining("me"), q.RetryAfter("me").Round(time.Second))
	}
}

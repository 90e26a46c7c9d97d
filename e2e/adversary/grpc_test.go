package adversary

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// TestNoMutatedCallGetsThrough is the same over HTTP/2 to the gRPC address:
// another spelling of a call, another method, type or protocol reaches nothing
// that the role may not call. KAOHE_CALLS (5,000) of them.
func TestNoMutatedCallGetsThrough(t *testing.T) {
	t.Parallel()
	s := up(t, t.TempDir(), "--rate", "0")
	s.pushes(twoUnits)
	s.call("POST", "/v1/barriers", "{}", nil) // a manager is of a unit that is known
	_, calls, roles := accessTable(t)
	secrets := s.secrets(roles)
	count := atoi(t, os.Getenv("KAOHE_CALLS"), 5_000)
	seed := uint64(atoi(t, os.Getenv("KAOHE_SEED"), 1))
	var names []string
	for _, call := range sortedKeys(calls) {
		if !strings.HasSuffix(call, ".WhatIf") && !strings.HasSuffix(call, ".VerifyMonth") && !strings.HasSuffix(call, ".ExportEvents") {
			names = append(names, call) // these work long for who may
		}
	}
	var workers sync.WaitGroup
	var counted struct {
		sync.Mutex
		refused, through, nowhere int
	}
	for worker := range 4 {
		workers.Go(func() {
			chance := rand.New(rand.NewPCG(seed, uint64(worker)))
			client := &http.Client{Transport: plainHTTP2()}
			for range count / 4 {
				call, role := pick(chance, names), pick(chance, roles)
				c := mutatedCall(chance, call)
				got, err := c.send(t.Context(), client, s.grpc, secrets[role])
				if err != nil {
					t.Errorf("%s as %s: %v", c.path, role, err)
					return
				}
				refused := got == codes.PermissionDenied || got == codes.Unauthenticated
				may := calls[call][role] != "·"
				counted.Lock()
				switch {
				case refused:
					counted.refused++
				case c.canonical:
					counted.through++
				default:
					counted.nowhere++
				}
				counted.Unlock()
				switch {
				case c.canonical && !may && !refused:
					t.Errorf("%s as %s was let through: %s", c.path, role, got)
				case c.canonical && calls[call][role] == "yes" && refused:
					t.Errorf("%s as %s was refused", c.path, role)
				case !c.canonical && got == codes.OK:
					t.Errorf("%s %s %v as %s was answered", c.method, c.path, c.header, role)
				}
			}
		})
	}
	workers.Wait()
	t.Logf("seed %d: %d refused, %d let through, %d nowhere", seed, counted.refused, counted.through, counted.nowhere)
	if counted.refused == 0 || counted.through == 0 || counted.nowhere == 0 {
		t.Error("the calls did not try everything")
	}
}

// plainHTTP2 speaks HTTP/2 without TLS, from its first byte.
func plainHTTP2() *http.Transport {
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	return transport
}

// grpcCall is a call as it goes over the wire.
type grpcCall struct {
	method, path string
	header       http.Header
	canonical    bool
}

func mutatedCall(chance *rand.Rand, call string) grpcCall {
	service, name, _ := strings.Cut(call, ".")
	path := "/kaohe.api.v1." + service + "/" + name
	c := grpcCall{method: "POST", path: path, header: http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}, canonical: true}
	if chance.IntN(3) == 0 {
		return c
	}
	switch chance.IntN(6) {
	case 0:
		i := 1 + chance.IntN(len(path)-1)
		if !letter(path[i]) {
			i = 1
		}
		c.path = path[:i] + pick(chance, []string{string(path[i] ^ 0x20), fmt.Sprintf("%%%02x", path[i]), "/" + path[i:i+1]}) + path[i+1:]
	case 1:
		c.path = pick(chance, []string{"/" + path, path + "/", path + "?x=1", "/x/.." + path, strings.Replace(path, "/"+name, "%2F"+name, 1), strings.Replace(path, "/"+name, "//"+name, 1)})
	case 2:
		c.method = pick(chance, []string{"GET", "PUT", "DELETE", "OPTIONS", "PATCH"})
	case 3:
		c.header.Set("Content-Type", pick(chance, []string{"application/json", "application/x-www-form-urlencoded", "text/plain", "application/grpc-web"}))
	case 4:
		c.path = "/kaohe.api.v1." + pick(chance, []string{"FeedService", "TokenService", "x", ""}) + "/" + name + "x"
	default:
		c.header.Add("Authorization", "Bearer x") // which of two counts?
	}
	c.canonical = c.path == path && c.method == "POST" && c.header.Get("Content-Type") == "application/grpc" && c.header.Get("Authorization") == ""
	return c
}

// send makes a call with an empty message and gives how it ended. What is no
// answer of gRPC is not OK.
func (c grpcCall) send(ctx context.Context, client *http.Client, address, secret string) (codes.Code, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, c.method, "http://"+address, bytes.NewReader(make([]byte, 5)))
	if err != nil {
		return 0, err
	}
	request.URL.Opaque = "//" + address + c.path
	for name, values := range c.header {
		request.Header[name] = values
	}
	request.Header.Add("Authorization", "Bearer "+secret)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if response.Header.Get("Grpc-Status") == "" && strings.HasSuffix(c.path, "/StreamLedger") {
		return codes.OK, nil // it goes on
	}
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	status := response.Trailer.Get("Grpc-Status")
	if status == "" {
		status = response.Header.Get("Grpc-Status")
	}
	if status == "" {
		return codes.Unknown, nil
	}
	var code codes.Code
	return code, code.UnmarshalJSON([]byte(status))
}

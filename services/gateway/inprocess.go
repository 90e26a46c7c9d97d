package gateway

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// inProcess makes the contract's calls in this process, behind an interceptor,
// as the gRPC server makes them: so REST reaches no implementation another way.
type inProcess struct {
	methods   map[string]inProcessMethod
	intercept grpc.UnaryServerInterceptor
}

type inProcessMethod struct {
	server any
	handle grpc.MethodHandler
}

func newInProcess(intercept grpc.UnaryServerInterceptor) *inProcess {
	return &inProcess{methods: map[string]inProcessMethod{}, intercept: intercept}
}

// RegisterService takes the calls of a service that are no streams.
func (c *inProcess) RegisterService(service *grpc.ServiceDesc, server any) {
	for _, m := range service.Methods {
		c.methods[fmt.Sprintf("/%s/%s", service.ServiceName, m.MethodName)] = inProcessMethod{server, m.Handler}
	}
}

// Invoke makes a call. What the answer holds is shared with whoever gave it.
func (c *inProcess) Invoke(ctx context.Context, call string, request, answer any, _ ...grpc.CallOption) error {
	m, there := c.methods[call]
	if !there {
		return status.Errorf(codes.Unimplemented, "there is no call %s", call)
	}
	sent, _ := metadata.FromOutgoingContext(ctx)
	given, err := m.handle(m.server, metadata.NewIncomingContext(ctx, sent), func(into any) error {
		share(into, request)
		return nil
	}, c.intercept)
	if err != nil {
		return err
	}
	share(answer, given)
	return nil
}

// share gives a message the fields of another of its kind.
func share(into, from any) {
	to := into.(proto.Message).ProtoReflect()
	from.(proto.Message).ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		to.Set(field, value)
		return true
	})
}

// NewStream refuses: streams over HTTP are written by hand.
func (c *inProcess) NewStream(_ context.Context, _ *grpc.StreamDesc, call string, _ ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Errorf(codes.Unimplemented, "%s is a stream and not made in the process", call)
}

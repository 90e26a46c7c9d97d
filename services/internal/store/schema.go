package store

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
)

var (
	collectionName = regexp.MustCompile(`^[a-z][a-z0-9_-]*(/[a-z][a-z0-9_-]*)?$`)
	fieldName      = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	reservedFields = []string{"key", "version", "body", "deleted", "rowid"}
)

// Schema holds the declared collections and checks every call against them, once for all adapters. The zero value is
// empty and ready.
type Schema struct {
	mu     sync.RWMutex
	byName map[string]declared
}

type declared struct {
	Collection
	body protoreflect.MessageDescriptor
	typ  map[string]FieldType
}

// Validate says what is wrong with a declaration.
func (c Collection) Validate() error {
	_, err := declare(c)
	return err
}

// Declare checks and adds collections. Declaring a name again replaces it. Adapters validate first and declare when the
// database has accepted the collection too.
func (s *Schema) Declare(collections ...Collection) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName == nil {
		s.byName = map[string]declared{}
	}
	for _, c := range collections {
		d, err := declare(c)
		if err != nil {
			return err
		}
		for name, other := range s.byName {
			if Group(name) == Group(c.Name) && other.Original != c.Original {
				return fmt.Errorf("collection %q: either it and %q are both original, or none of group %q is: a commit goes to a group", c.Name, name, Group(name))
			}
		}
		s.byName[c.Name] = d
	}
	return nil
}

func declare(c Collection) (_ declared, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("collection %q: %w", c.Name, err)
		}
	}()
	if !collectionName.MatchString(c.Name) {
		return declared{}, fmt.Errorf("name must match %s", collectionName)
	}
	if c.New == nil {
		return declared{}, errors.New("field New is missing")
	}
	d := declared{Collection: c, body: c.New().ProtoReflect().Descriptor(), typ: map[string]FieldType{}}
	for _, f := range c.Fields {
		switch {
		case !fieldName.MatchString(f.Name) || slices.Contains(reservedFields, f.Name):
			return declared{}, fmt.Errorf("field %q: name must match %s and not be one of %v", f.Name, fieldName, reservedFields)
		case f.Type != String && f.Type != Int64:
			return declared{}, fmt.Errorf("field %q: type must be String or Int64", f.Name)
		case d.typ[f.Name] != 0:
			return declared{}, fmt.Errorf("field %q: declared twice", f.Name)
		}
		d.typ[f.Name] = f.Type
	}
	for _, x := range c.Indexes {
		if err := d.checkIndex(x); err != nil {
			return declared{}, err
		}
	}
	return d, nil
}

func (d declared) checkIndex(x Index) error {
	if len(x.Fields) == 0 {
		return errors.New("an index without fields")
	}
	for i, f := range x.Fields {
		if d.typ[f] == 0 {
			return fmt.Errorf("index %v: field %q is not declared", x.Fields, f)
		}
		if slices.Contains(x.Fields[:i], f) {
			return fmt.Errorf("index %v: field %q twice", x.Fields, f)
		}
	}
	return nil
}

// Collection returns a declared collection.
func (s *Schema) Collection(name string) (Collection, error) {
	d, err := s.find(name)
	return d.Collection, err
}

func (s *Schema) find(name string) (declared, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	d, ok := s.byName[name]
	if !ok {
		return declared{}, fmt.Errorf("collection %q is not declared: give it to Ensure at start", name)
	}
	return d, nil
}

// CheckWrites checks a commit and returns the group it goes to, "" when there is nothing to write.
func (s *Schema) CheckWrites(writes []Write) (group string, err error) {
	for i := range writes {
		w := &writes[i]
		g := Group(w.Collection)
		if i > 0 && g != group {
			return "", fmt.Errorf("commit writes to %q and %q: one commit goes to one group", writes[0].Collection, w.Collection)
		}
		group = g
		d, err := s.find(w.Collection)
		if err != nil {
			return "", err
		}
		if err := d.checkWrite(w); err != nil {
			return "", Unfit(w, err)
		}
	}
	return group, nil
}

func (d declared) checkWrite(w *Write) error {
	if w.Doc.Key == "" {
		return errors.New("key is empty")
	}
	if err := checkText("key", w.Doc.Key); err != nil {
		return err
	}
	if w.Doc.Version < 0 {
		return fmt.Errorf("version %d is negative", w.Doc.Version)
	}
	if w.Delete {
		return nil
	}
	if w.Doc.Body == nil || w.Doc.Body.ProtoReflect().Descriptor() != d.body {
		return fmt.Errorf("body is a %T, want %s", w.Doc.Body, d.body.FullName())
	}
	for name, v := range w.Doc.Fields {
		if err := d.checkValue(name, v); err != nil {
			return err
		}
	}
	return nil
}

// checkValue checks a value against a declared field.
func (d declared) checkValue(name string, v any) error {
	return checkType(name, d.typ[name], v)
}

func checkType(name string, typ FieldType, v any) error {
	switch v := v.(type) {
	case string:
		if typ == String {
			return checkText(name, v)
		}
	case int64:
		if typ == Int64 {
			return nil
		}
	}
	if typ == 0 {
		return fmt.Errorf("field %q is not declared", name)
	}
	return fmt.Errorf("field %q: %T does not fit, it is declared %s", name, v, typ)
}

// checkText refuses what one of the databases cannot keep or order.
func checkText(what, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s is not valid UTF-8", what)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return fmt.Errorf("%s contains a NUL byte", what)
	}
	return nil
}

// String names the type as in the declaration.
func (t FieldType) String() string {
	switch t {
	case String:
		return "String"
	case Int64:
		return "Int64"
	}
	return fmt.Sprintf("FieldType(%d)", int(t))
}

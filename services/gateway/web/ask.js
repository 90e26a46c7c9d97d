// The dialog that asks before something is decided. What the API refuses stays
// in the dialog, with what the viewer wrote.
import { $, make, focus } from './dom.js';
import { t } from './say.js';

// ask shows a dialog. Fields are { name, label, kind, required, note, value,
// options }; act gets the values and may throw. Afterwards the focus is where it
// was, or at the key given.
export function ask({ title, note, about, fields = [], confirm, act, after }) {
  const back = document.activeElement && document.activeElement.dataset.key;
  const refusal = make('p', { class: 'bad', role: 'alert' });
  const inputs = new Map(fields.map(f => [f.name, input(f)]));
  const go = make('button', { class: 'primary', type: 'submit', 'data-key': 'ask/confirm' }, confirm || title);
  const form = make('form', { 'aria-labelledby': 'askTitle', onsubmit: async submitted => {
    submitted.preventDefault();
    refusal.textContent = '';
    go.disabled = true;
    try {
      await act(Object.fromEntries([...inputs].map(([name, element]) => [name, element.value.trim()])));
      $('ask').close();
    } catch (problem) {
      refusal.textContent = problem.message;
      go.disabled = false;
      go.focus();
    }
  } },
  make('h2', { id: 'askTitle' }, title), about, note ? make('p', { class: 'quiet' }, note) : null,
  fields.map(f => labelled(f, inputs.get(f.name))), refusal,
  make('p', { class: 'buttons' }, make('button', { type: 'button', onclick: () => $('ask').close() }, t('cancel')), go));
  $('ask').replaceChildren(form);
  $('ask').addEventListener('close', () => focus(back) || focus(after), { once: true });
  $('ask').showModal();
  (form.querySelector('textarea, select, input') || go).focus();
  return inputs;
}

function input(f) {
  const attributes = { id: 'ask-' + f.name, name: f.name, required: !!f.required, 'aria-describedby': f.note ? 'ask-' + f.name + '-note' : null };
  if (f.options) return make('select', attributes, f.options.map(([value, label]) => make('option', { value }, label)));
  if (f.kind === 'points') return make('input', { ...attributes, value: f.value, inputmode: 'decimal', autocomplete: 'off', pattern: '[\\-−]?[0-9]{1,4}(\\.[0-9]{1,2})?' });
  return make('textarea', { ...attributes, rows: f.rows || 3, maxlength: f.most || 2000 });
}

const labelled = (f, element) => make('div', { class: 'field', 'data-field': f.name },
  make('label', { for: element.id }, f.label, f.required ? make('small', {}, ' ' + t('required')) : null),
  element, f.note ? make('small', { id: element.id + '-note' }, f.note) : null);
